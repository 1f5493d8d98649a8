"""plugins.lock says which code may run in production."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.errors import ConfigError
from sst.hooks.finding.lockfile import (
    LOCK_FILE,
    Locked,
    lock_entries,
    lock_problems,
    read_lock,
    refuse_changed_code,
    write_lock,
)
from tests.support.plugin_project import install

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.plugin_project import PluginProject

GATE = "from sst.hooks import hookimpl\n@hookimpl\ndef pre_migrate(run): ...\n"


@pytest.fixture
def locked(project: PluginProject) -> PluginProject:
    """Lock the one plugin of a project."""
    project.add("gate", GATE)
    write_lock(project.root, lock_entries(project.root, ["gate"]))
    return project


def told(project: PluginProject, *names: str) -> list[str]:
    return [problem.what for problem in lock_problems(project.root, names)]


def test_what_was_written_is_read_again(locked: PluginProject) -> None:
    assert read_lock(locked.root) == (
        Locked(
            name="gate",
            kind="local",
            distribution="",
            version="",
            sha256="45123db234974ce0323c92422d7118e65fd360fd49ce9c4f2055253fae9f926c",
        ),
    )
    assert told(locked, "gate") == []


def test_edited_plugin_is_refused_by_its_hash(locked: PluginProject) -> None:
    locked.add("gate", GATE + "# one more line\n")

    [what] = told(locked, "gate")

    assert what.startswith("its sha256 is ")
    with pytest.raises(ConfigError, match="1 problem"):
        refuse_changed_code(locked.root, ["gate"])


def test_plugin_without_an_entry_is_refused(locked: PluginProject) -> None:
    locked.add("other", GATE)

    assert told(locked, "gate", "other") == ["has no entry in the lock"]


def test_another_version_of_a_distribution_is_refused(
    project: PluginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    install(old, "acme-gate", "1.0", "gate = acme_gate", acme_gate=GATE)
    install(new, "acme-gate", "1.1", "gate = acme_gate", acme_gate=GATE)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(old))
        write_lock(project.root, lock_entries(project.root, ["gate"]))
    monkeypatch.syspath_prepend(str(new))

    assert told(project, "gate") == ["its version is 1.1, the lock has 1.0"]


def test_package_is_hashed_with_every_file_and_not_imported(
    project: PluginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    install(site, "acme-gate", "1.0", "gate = acme_gate.hooks")
    package = site / "acme_gate"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "hooks.py").write_text(GATE)
    (package / "helper.py").write_text("LIMIT = 1\n")
    monkeypatch.syspath_prepend(str(site))
    write_lock(project.root, lock_entries(project.root, ["gate"]))

    (package / "helper.py").write_text("LIMIT = 2\n")

    [what] = told(project, "gate")
    assert what.startswith("its sha256 is ")


@pytest.mark.parametrize(
    "name", ["gate.so", "gate.abi3.so", "_shared.py", "_shared/__init__.py", "_native.so"]
)
def test_whatever_a_local_plugin_can_import_here_is_locked(
    locked: PluginProject, name: str
) -> None:
    """Python takes `gate.so` before `gate.py`; siblings with an underscore are for plugins."""
    planted = locked.root / "plugins" / name
    planted.parent.mkdir(exist_ok=True)
    planted.write_text("LIMIT = 2\n")

    [what] = told(locked, "gate")

    assert what.startswith("its sha256 is ")


def test_other_plugins_and_caches_do_not_matter(locked: PluginProject) -> None:
    locked.add("other", GATE)
    cache = locked.root / "plugins" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "gate.cpython-311.pyc").write_bytes(b"x")
    (locked.root / "plugins" / "loop").symlink_to(locked.root / "plugins")

    assert told(locked, "gate") == []


@pytest.mark.parametrize("planted", ["acme/gate.py", "acme/gate.so", "acme/linked/deep.py"])
def test_package_without_an_init_file_is_locked_too(
    project: PluginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    """Of a namespace package nothing was hashed; a linked folder is imported like another."""
    site = tmp_path / "site"
    install(site, "acme-gate", "1.0", "gate = acme.gate")
    (site / "acme").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (site / "acme" / "linked").symlink_to(tmp_path / "elsewhere")
    (site / "acme" / "gate.py").write_text(GATE)
    monkeypatch.syspath_prepend(str(site))
    write_lock(project.root, lock_entries(project.root, ["gate"]))

    (site / planted).write_text("LIMIT = 2\n")

    [what] = told(project, "gate")
    assert what.startswith("its sha256 is ")


def test_local_file_in_the_place_of_a_locked_distribution_is_refused(
    project: PluginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "site", "acme-gate", "1.0", "gate = acme_gate", acme_gate=GATE)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path / "site"))
        write_lock(project.root, lock_entries(project.root, ["gate"]))

    project.add("gate", GATE)

    assert told(project, "gate") == ["its kind is local, the lock has package"]


def test_without_a_lock_file_nothing_is_compared(project: PluginProject) -> None:
    project.add("gate", GATE)

    assert told(project, "gate") == []


@pytest.mark.parametrize("text", ["[[plugin]]\nname = 1\nsurprise = 2\n", "not toml ["])
def test_unreadable_lock_is_a_problem_not_a_pass(locked: PluginProject, text: str) -> None:
    (locked.root / LOCK_FILE).write_text(text)

    with pytest.raises(ConfigError) as error:
        refuse_changed_code(locked.root, ["gate"])

    assert "cannot be read" in error.value.problems[0].what


def test_missing_plugin_cannot_be_locked(locked: PluginProject) -> None:
    with pytest.raises(ConfigError) as error:
        lock_entries(locked.root, ["gat"])

    assert str(error.value.problems[0]).startswith("plugin gat: not found: no plugins/gat.py, ")
    assert error.value.problems[0].hint == "did you mean gate?"


@pytest.mark.parametrize("name", ["gate.pyc", "_shared.pyc", "_shared/__init__.pyc"])
def test_bytecode_that_python_would_take_is_locked(locked: PluginProject, name: str) -> None:
    planted = locked.root / "plugins" / name
    planted.parent.mkdir(exist_ok=True)
    planted.write_bytes(b"planted")

    [what] = told(locked, "gate")

    assert what.startswith("its sha256 is ")


def test_renamed_file_is_refused(project: PluginProject) -> None:
    project.add("gate/__init__", GATE)
    helper = project.add("gate/helper", "LIMIT = 1\n")
    write_lock(project.root, lock_entries(project.root, ["gate"]))

    helper.rename(helper.with_name("helpers.py"))

    [what] = told(project, "gate")
    assert what.startswith("its sha256 is ")


def test_text_that_moves_from_one_file_into_the_next_is_refused(project: PluginProject) -> None:
    """Without the lengths both would read the same."""
    package = project.add("gate/__init__", GATE).parent
    (package / "a.py").write_text("x = 1\n")
    (package / "b.py").write_text("y = 2\n")
    write_lock(project.root, lock_entries(project.root, ["gate"]))

    (package / "a.py").write_text("x = 1\ngate/b.py\0006\0y = 2\n")
    (package / "b.py").unlink()

    [what] = told(project, "gate")
    assert what.startswith("its sha256 is ")


def test_hash_of_a_file_is_pinned(project: PluginProject) -> None:
    """A lock that was written by an older release holds on."""
    (project.folder / "gate.py").write_text("x = 1")

    [entry] = lock_entries(project.root, ["gate"])

    assert entry.sha256 == "265994162bb6cacb25d7484eef136132d44deb045393542eef73868a0f0b82cc"


def test_plugin_that_is_found_twice_is_not_judged_here(
    locked: PluginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of the two is meant is asked by whoever loads it, and nothing is imported before."""
    install(tmp_path / "site", "acme-gate", "1.0", "gate = acme_gate", acme_gate=GATE)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    locked.add("gate", GATE + "# one more line\n")

    assert told(locked, "gate") == []
