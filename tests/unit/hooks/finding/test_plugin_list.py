"""`plugins list` shows what could run without running any of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sst.cli.plugins.list import advice, plugins_json, render_plugins
from sst.cli.result import table
from sst.config.binding.policy import Choice
from sst.config.declared.plugin_policy import PluginPolicy
from sst.hooks.finding.plugin_list import enabled_with
from sst.hooks.manager import list_all
from tests.support.plugin_project import install

if TYPE_CHECKING:
    import pytest

    from sst.hooks.manager import PluginEntry
    from tests.support.plugin_project import PluginProject

REPOSITORY = Path(__file__).parents[4]
GATE = """
from sst.hooks import hookimpl

@hookimpl
def pre_migrate(run): ...
"""
CLASS = """
import sst.hooks

class Plugin:
    @sst.hooks.hookimpl(tryfirst=True)
    def notify(self, event): ...

    def register_checks(self): ...
"""


def listed(project: PluginProject, *enabled: str) -> dict[str, PluginEntry]:
    """Return the entries of the project's own plugins by name."""
    return {entry.name: entry for entry in list_all(project.root, enabled)}


def test_enabled_come_first_in_their_order_then_the_others_by_name(
    project: PluginProject,
) -> None:
    for name in ("d", "c", "b", "a"):
        project.add(name, GATE)

    entries = listed(project, "c", "b")

    assert list(entries) == ["c", "b", "a", "d"]
    assert [entry.state for entry in entries.values()] == [
        "enabled",
        "enabled",
        "not_enabled",
        "not_enabled",
    ]


def test_listing_imports_nothing(project: PluginProject, site: Path, tmp_path: Path) -> None:
    marker = tmp_path / "imported"
    code = f"open({str(marker)!r}, 'w').close()\n{GATE}"
    project.add("here", code)
    install(site, "acme-gate", "1.2", "there = acme_listed", acme_listed=code)

    entries = listed(project, "here", "there")

    assert entries["here"].hooks == ("pre_migrate",)
    assert entries["there"].hooks == ("pre_migrate",)
    assert entries["there"].source == "acme-gate 1.2"
    assert not marker.exists()


def test_hooks_are_read_from_the_text(project: PluginProject) -> None:
    project.add("classy", CLASS)

    assert listed(project)["classy"].hooks == ("notify",)


def test_hooks_of_a_folder_are_read_from_its_files(project: PluginProject) -> None:
    project.add("gate/__init__", "from .code import pre_migrate")
    project.add("gate/code", GATE)

    assert listed(project)["gate"].hooks == ("pre_migrate",)


def test_command_knows_the_hooks_of_the_built_in_plugins() -> None:
    """In a process of its own: nothing else has imported the specs there."""
    command = [sys.executable, "migrate.py", "plugins", "list", "--json"]

    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)

    found = {entry["name"]: entry for entry in json.loads(done.stdout)["plugins"]}
    assert found["health_check"]["hooks"] == [
        *("register_checks", "pre_migrate", "post_migrate"),
    ]
    assert found["notify"]["hooks"] == ["notify"]
    assert found["notify"]["source"] == "plugins/notify/__init__.py"


def test_broken_plugin_is_listed(project: PluginProject) -> None:
    """The command that shows what is wrong must not die of it."""
    project.add("broken", "def (")

    assert listed(project, "broken")["broken"].hooks == ()


def test_missing_plugin_is_listed_as_missing(project: PluginProject) -> None:
    assert listed(project, "absent")["absent"].state == "missing"


def test_ambiguous_plugin_names_both_places(project: PluginProject, site: Path) -> None:
    project.add("gate", GATE)
    install(site, "acme-gate", "1.2", "gate = acme_twice", acme_twice=GATE)

    entry = listed(project, "gate")["gate"]

    assert entry.state == "ambiguous"
    assert entry.source == "plugins/gate.py and acme-gate 1.2"


def test_version_of_a_local_plugin_changes_with_its_code(project: PluginProject) -> None:
    """The record of a run says which code stood around it."""
    project.add("gate/__init__", "from ._code import pre_migrate")
    project.add("gate/_code", GATE)
    before = listed(project)["gate"].version
    project.add("gate/_code", GATE + "# changed")

    after = listed(project)["gate"].version

    assert len(before) == len(after) == 12
    assert before != after


def test_files_that_are_no_plugins_are_not_listed(project: PluginProject) -> None:
    for name in ("_shared", "__init__", "9lives"):
        project.add(name, GATE)
    (project.folder / "README.md").write_text("notes")
    (project.folder / "data").mkdir()

    assert listed(project) == {}


def test_table_is_aligned_and_numbers_the_calls(
    project: PluginProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("zeta", GATE)
    project.add("a", CLASS)
    monkeypatch.setattr(table, "terminal_columns", lambda _: 120)

    text = render_plugins(list_all(project.root, ["zeta", "gone"]), {"zeta": ("one", "two")})
    found = [click.unstyle(line) for line in text]

    lines = [" ".join(line.split()) for line in found]
    version = listed(project)["zeta"].version
    assert lines[0] == "ORDER NAME KIND VERSION STATE HOOKS SOURCE COMMANDS"
    assert lines[1] == f"1 zeta local {version} enabled pre_migrate plugins/zeta.py one,two"
    assert lines[2] == "2 gone - - missing - - -"
    assert lines[3].startswith("- a local")
    starts = {line.index(word) for line, word in zip(found, _STATES, strict=True)}
    assert len(starts) == 1


def test_records_have_one_line_each_and_no_headings(project: PluginProject) -> None:
    project.add("zeta", GATE)

    [line, *_] = render_plugins(list_all(project.root, ["zeta"]))

    assert line.split("\t")[:2] == ["1", "zeta"]
    assert "\n" not in line


def test_json_has_the_order_and_the_state(project: PluginProject) -> None:
    project.add("zeta", GATE)
    project.add("a", CLASS)

    [first, second] = plugins_json(list_all(project.root, ["zeta"]))

    assert first == {
        "order": 1,
        "name": "zeta",
        "kind": "local",
        "version": listed(project)["zeta"].version,
        "source": "plugins/zeta.py",
        "state": "enabled",
        "hooks": ["pre_migrate"],
        "use": None,
        "commands": [],
    }
    assert (second["order"], second["state"]) == (None, "not_enabled")


def test_advice_names_what_does_not_run(project: PluginProject) -> None:
    project.add("idle", GATE)

    lines = advice(list_all(project.root, ["gone"]))

    assert lines == [
        "gone is enabled and not found",
        'to enable idle: enabled = ["gone", "idle"]',
    ]


_STATES = ("STATE", "enabled", "missing", "not enabled")


def test_gate_is_advised_before_the_backup() -> None:
    """A refusal should not cost a dump; whoever looks on is advised at the end."""
    policies = {"spare": PluginPolicy(use="backup")}

    of_gate = enabled_with(["embedded", "backup"], "freeze", ["pre_migrate", "notify"])
    before_instance = enabled_with(["spare"], "freeze", ["pre_migrate"], Choice(policies))

    assert of_gate == ("embedded", "freeze", "backup")
    assert before_instance == ("freeze", "spare")
    assert enabled_with(["backup"], "freeze", ["post_migrate"]) == ("backup", "freeze")
    assert enabled_with(["a"], "backup", ["pre_migrate"]) == ("a", "backup")


def test_name_that_is_in_the_list_stays_where_it_is() -> None:
    assert enabled_with(["freeze", "backup"], "freeze", ["notify"]) == ("freeze", "backup")


def test_list_advises_a_gate_that_is_not_enabled_before_the_backup(
    project: PluginProject,
) -> None:
    for name in ("backup", "freeze"):
        project.add(name, GATE)

    [line] = advice(list_all(project.root, ["backup"]))

    assert line == 'to enable freeze: enabled = ["freeze", "backup"]'
