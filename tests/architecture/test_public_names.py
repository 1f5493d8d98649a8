"""A public name that changes has a line in CHANGELOG.md: somebody's plugin is built on it.

`public_names.txt` holds the names as of the last release, and CHANGELOG.md the list's digest. A
difference between the list and the code must be told under the newest heading, in backticks and
without the module: `Run.aside`. With a release `python -m tests.support.public_names` writes the
list again, and its new digest goes into CHANGELOG.md.
"""

from __future__ import annotations

from tests.support.public_names import (
    LIST,
    ROOT,
    as_text,
    changed,
    digest,
    listed,
    public_names,
    untold,
)

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
BEFORE = {"sst.hooks.Run.id": "str", "sst.hooks.Run": "class(id: str)", "hook.notify": "(event)"}


def log(text: str) -> str:
    """Return a changelog with *text* under the newest heading, and old news about everything."""
    return f"# Changelog\n\n## Unreleased\n\n{text}\n\n## 0.1\n\n- `Run` `Run.id` `notify`\n"


def test_every_change_of_a_public_name_is_in_the_changelog() -> None:
    changes = changed(listed(LIST.read_text(encoding="utf-8")), public_names())

    assert untold(changes, CHANGELOG) == {}, "name them under the newest heading of CHANGELOG.md"


def test_list_is_the_one_that_the_changelog_knows() -> None:
    """Written again in passing, it would hide a change."""
    assert f"list `{digest(LIST.read_text(encoding='utf-8'))}`" in CHANGELOG


def test_list_is_read_as_it_was_written() -> None:
    assert listed(as_text(public_names())) == public_names()


def test_names_fields_methods_and_hooks_are_in_it() -> None:
    names = public_names()

    assert names["sst.hooks.Backup.size_bytes"] == "int"
    assert names["sst.hooks.Backup.to_dict"] == "(self) -> dict[str, Any]"
    assert names["sst.hooks.Stage.READY"] == "'ready'"
    assert names["sst.hooks.Inspection.pending"] == "property(self) -> tuple[str, ...]"
    assert names["sst.hooks.Veto"].startswith("class(reason: str")
    assert names["sst.testing.Project.enable"] == "(self, *plugins: str) -> None"
    assert names["sst.testing.project"].startswith("fixture (tmp_path")
    assert names["hook.notify"] == "(event: Event) -> None [observe]"


def test_untold_changes_are_found() -> None:
    after = {
        "sst.hooks.Run.id": "int",
        "sst.hooks.Run": "class(id: int)",
        "sst.hooks.New": "class",
    }

    changes = changed(BEFORE, after)

    assert changes == {
        "sst.hooks.New": "added",
        "sst.hooks.Run": "changed",
        "sst.hooks.Run.id": "changed",
        "hook.notify": "removed",
    }
    assert untold(changes, log("- Nothing about names, Run or notify.")) == changes
    assert untold(changes, log("- `Run.identity`, `sst.testing.New2`, `notify_all`.")) == changes


def test_told_changes_are_fine() -> None:
    after = {
        "sst.hooks.Run.id": "int",
        "sst.hooks.Run": "class(id: int)",
        "sst.hooks.New": "class",
    }

    told = log(
        "- `Run.id` is a number in `Run`, `sst.hooks.New` is new, the hook `notify` is gone."
    )

    assert untold(changed(BEFORE, after), told) == {}


def test_members_of_a_new_name_are_told_with_it() -> None:
    after = BEFORE | {"sst.hooks.New": "class(x: int)", "sst.hooks.New.x": "int"}

    assert untold(changed(BEFORE, after), log("- `New` is new.")) == {}
