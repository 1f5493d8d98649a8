"""What is listed is found, in the order of the list; what is not listed is never imported."""

from __future__ import annotations

import os
import sys
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from tests.support.plugin_project import PluginProject, install

if TYPE_CHECKING:
    from pathlib import Path

GATE = """
from sst.hooks import hookimpl

@hookimpl
def pre_migrate(run): ...
"""
FOREIGN_GATE = """
import pluggy

hookimpl = pluggy.HookimplMarker("sst")

@hookimpl
def pre_migrate(run): ...
"""


def test_file_is_found_by_its_name(project: PluginProject) -> None:
    project.add("backup", GATE)

    discovery = project.discover("backup")

    [found] = discovery.found
    assert (found.name, found.kind, found.source) == ("backup", "local", "plugins/backup.py")
    assert found.implements("pre_migrate")
    assert not found.implements("notify")


def test_package_is_found_by_its_name(project: PluginProject) -> None:
    project.add("backup/__init__", "from .gate import pre_migrate")
    project.add("backup/gate", GATE)

    [found] = project.discover("backup").found

    assert found.source == "plugins/backup/__init__.py"
    assert found.hooks == ("pre_migrate",)


@pytest.mark.parametrize("name", [".#backup.py", "backup/.#gate.py"])
def test_lock_of_an_editor_is_no_plugin_and_breaks_none(project: PluginProject, name: str) -> None:
    """Emacs marks a file that is being edited with a link that leads nowhere."""
    project.add("backup/__init__", "from .gate import pre_migrate")
    project.add("backup/gate", GATE)
    (project.folder / name).symlink_to("somebody@a-machine.4711")

    discovery = project.discover("backup")

    assert discovery.problems == ()
    assert [found.name for found in discovery.found] == ["backup"]


def test_folder_whose_name_is_no_utf8_is_fine(tmp_path: Path) -> None:
    project = PluginProject(tmp_path / os.fsdecode(b"a\xf1o"))
    project.add("gate", GATE)

    assert [found.name for found in project.discover("gate").found] == ["gate"]


def test_installed_package_is_found_by_its_entry_point(project: PluginProject, site: Path) -> None:
    """A package needs pluggy and the project's name, nothing of ours."""
    install(site, "acme-gate", "1.2", "friday = acme_friday", acme_friday=FOREIGN_GATE)

    [found] = project.discover("friday").found

    assert (found.kind, found.source, found.version) == ("package", "acme-gate 1.2", "1.2")
    assert found.hooks == ("pre_migrate",)


@pytest.mark.parametrize("order", list(permutations(["a", "b", "c"])))
def test_order_is_the_lists_order(project: PluginProject, order: tuple[str, ...]) -> None:
    for name in ("b", "a", "c"):
        project.add(name, GATE)

    discovery = project.discover(*order)

    assert tuple(found.name for found in discovery.found) == order


def test_unlisted_plugins_are_not_imported(
    project: PluginProject, site: Path, tmp_path: Path
) -> None:
    """Neither a file nor a package runs a line of code because it lies there."""
    marker = tmp_path / "imported"
    code = f"open({str(marker)!r}, 'w').close()\n{GATE}"
    project.add("listed", GATE)
    project.add("unlisted", code)
    project.add("__init__", code)
    install(site, "acme-unlisted", "1.0", "other = acme_unlisted", acme_unlisted=code)

    discovery = project.discover("listed")

    assert len(discovery.found) == 1
    assert not marker.exists()


def test_empty_list_imports_nothing(project: PluginProject, tmp_path: Path) -> None:
    """An empty allow-list admits nobody, not everybody."""
    project.add("here", f"open({str(tmp_path / 'imported')!r}, 'w').close()\n{GATE}")

    discovery = project.discover()

    assert discovery.found == ()
    assert not (tmp_path / "imported").exists()


def test_listed_plugin_cannot_import_an_unlisted_one(
    project: PluginProject, tmp_path: Path
) -> None:
    marker = tmp_path / "imported"
    project.add("unlisted", f"open({str(marker)!r}, 'w').close()")
    project.add("listed", f"from . import unlisted\n{GATE}")

    [problem] = project.discover("listed").problems

    assert problem.source == "plugins/listed.py:1"
    assert "cannot be imported" in problem.what
    assert not marker.exists()


def test_hint_tells_how_to_share_a_module(project: PluginProject) -> None:
    project.add("helpers", "ANSWER = 42")
    project.add("listed", f"from .helpers import ANSWER\n{GATE}")

    problem = project.problem("listed")

    assert "_helpers.py" in problem.hint


def test_unlisted_plugin_can_be_listed_later(project: PluginProject) -> None:
    """A second runtime in the process has a list of its own."""
    project.add("one", GATE)
    project.add("two", GATE)
    project.discover("one")

    discovery = project.discover("two", "one")

    assert [found.name for found in discovery.found] == ["two", "one"]


def test_plugin_is_imported_once_while_its_folder_stays_the_same(project: PluginProject) -> None:
    """Two runtimes of one process share a plugin's module state, as with any import."""
    project.add("counter", GATE)

    [first], [second] = project.discover("counter").found, project.discover("counter").found

    assert first.module is second.module


def test_changed_plugin_is_imported_again(project: PluginProject) -> None:
    project.add("growing", GATE)
    project.discover("growing")
    project.add("growing", f"{GATE}\n@hookimpl\ndef notify(event): ...\n")

    [found] = project.discover("growing").found

    assert found.implements("notify")


def test_two_roots_do_not_mix(tmp_path: Path) -> None:
    projects = [PluginProject(tmp_path / name) for name in ("one", "two")]
    for project in projects:
        project.add("_shared", f"WHERE = {project.root.name!r}")
        project.add("same", f"from ._shared import WHERE\n{GATE}")

    found = [project.discover("same").found[0] for project in projects]

    assert [plugin.module.WHERE for plugin in found] == ["one", "two"]


def test_dataclasses_and_models_with_postponed_annotations_work(project: PluginProject) -> None:
    """Both look their module up in sys.modules, where a bare exec would not put it."""
    project.add("_shared", "LIMIT = 3")
    project.add(
        "modern",
        """
        from __future__ import annotations

        from dataclasses import dataclass
        from pydantic import BaseModel
        from sst.hooks import Run, hookimpl
        from ._shared import LIMIT

        class Inner(BaseModel):
            limit: int = LIMIT

        class Config(BaseModel):
            inner: Inner = Inner()

        @dataclass
        class State:
            config: Config

        class Plugin:
            def __init__(self, config: Config) -> None:
                self.state = State(config)

            @hookimpl
            def pre_migrate(self, run: Run) -> None: ...
        """,
    )

    discovery = project.discover("modern")

    assert discovery.problems == ()
    assert discovery.found[0].config_model is not None
    assert discovery.found[0].config_model().model_dump() == {"inner": {"limit": 3}}


def test_installed_package_called_plugins_does_not_interfere(
    project: PluginProject, site: Path
) -> None:
    project.add("gate", GATE)
    (site / "plugins").mkdir(parents=True)
    (site / "plugins" / "__init__.py").write_text("raise RuntimeError('wrong package')")
    (site / "plugins" / "gate.py").write_text("raise RuntimeError('wrong file')")

    discovery = project.discover("gate")

    assert discovery.problems == ()


def test_loading_leaves_the_path_alone(project: PluginProject) -> None:
    project.add("gate", GATE)
    before = list(sys.path)

    project.discover("gate")

    assert sys.path == before


def test_project_without_a_plugin_folder_has_no_plugins(tmp_path: Path) -> None:
    project = PluginProject(tmp_path)
    project.folder.rmdir()

    assert project.discover().found == ()
