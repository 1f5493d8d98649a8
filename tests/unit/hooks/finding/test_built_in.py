"""The built-in plugins are found in every project, and are the project's own in this checkout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from sst.built_in import built_in_home
from sst.hooks.finding import sources
from sst.hooks.finding.discovery import discover
from sst.hooks.finding.lockfile import lock_entries, lock_problems, write_lock
from sst.hooks.finding.plugin_list import list_all
from sst.hooks.finding.sources import Kind, find_candidates

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.plugin_project import PluginProject

CODE = "from sst.hooks import hookimpl\n\n@hookimpl\ndef pre_migrate(run): return {!r}\n"


@pytest.fixture
def home(project: PluginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of built-in plugins, `gate` and `other`, as a wheel carries it."""
    del project  # which has none: this comes after it
    folder = tmp_path / "site-packages" / "sst" / "_built_in"
    (folder / "plugins").mkdir(parents=True)
    for name in ("gate", "other"):
        (folder / "plugins" / f"{name}.py").write_text(CODE.format(name))
    monkeypatch.setattr(sources, "built_in_home", lambda: folder)
    return folder


def test_built_in_plugin_is_found_in_a_project_that_has_no_files_of_plugins(home: Path) -> None:
    found = discover(home.parents[2] / "somewhere", ["gate"])

    assert found.problems == ()
    assert (found.found[0].kind, found.found[0].source) == (Kind.BUILT_IN, "sst-platform 0.1.0")


def test_file_with_the_name_of_a_built_in_plugin_is_refused_with_both_places(
    project: PluginProject, home: Path
) -> None:
    del home
    project.add("gate", CODE.format("mine"))

    [problem] = discover(project.root, ["gate"]).problems

    assert problem.what == (
        "is found twice: plugins/gate.py (local) and sst-platform 0.1.0 (built-in)"
    )
    assert problem.hint == "give yours another name"


def test_folder_that_is_the_built_in_one_counts_once(home: Path) -> None:
    """A checkout of the core: `plugins/` is both."""
    found = find_candidates(home)

    assert {name: [each.kind for each in found[name]] for name in ("gate", "other")} == {
        "gate": [Kind.LOCAL],
        "other": [Kind.LOCAL],
    }


def test_two_projects_do_not_share_a_built_in_plugin(project: PluginProject, home: Path) -> None:
    """What one of them has not enabled is barred there, and stays importable for the other."""
    one = discover(project.root, ["gate"]).found[0].module

    two = discover(home.parent, ["other"]).found[0].module

    assert one.__name__.partition(".")[0] != two.__name__.partition(".")[0]
    assert sys.modules[one.__name__] is one


def test_lock_tells_when_the_code_of_a_built_in_plugin_has_changed(
    project: PluginProject, home: Path
) -> None:
    write_lock(project.root, lock_entries(project.root, ["gate"]))
    same = list(lock_problems(project.root, ["gate"]))
    (home / "plugins" / "gate.py").write_text(CODE.format("changed"))

    [problem] = lock_problems(project.root, ["gate"])

    assert same == []
    assert problem.what.startswith("its sha256 is ")


def test_list_shows_the_built_in_plugins(project: PluginProject, home: Path) -> None:
    del home

    entries = list_all(project.root, ["gate"])

    assert [(each.name, each.kind, each.state.value) for each in entries] == [
        ("gate", "built_in", "enabled"),
        ("other", "built_in", "not_enabled"),
    ]


def test_platform_itself_has_the_plugins_that_settings_name() -> None:
    names = {path.name.removesuffix(".py") for path in (built_in_home() / "plugins").iterdir()}

    assert {"backup", "embedded_postgres", "health_check", "notify", "safe_ddl"} <= names
