"""A plugin's own commands: what the core adds to them, prints of them, and makes of their errors.

No database answers here: what needs one is in `tests/integration/migrator/locked_work/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "postgresql://somebody:a-long-password@127.0.0.1:1/nothing"
COMMON = {"schema_version", "command", "ok", "exit_code", "environment", "database", "schema"}
COMMON |= {"error", "run_id", "state", "before", "after", "heads", "pending", "applied", "plugins"}
COMMON |= {"backup", "checks", "warnings"}
SHELF = '''
import os
import click
from pydantic import BaseModel
from sst.hooks import Backup, CommandResult, ConfigError, Problem, Veto, hookimpl

class Config(BaseModel):
    label: str = "plain"

class Plugin:
    def __init__(self, config):
        self._config = config

    @hookimpl
    def register_commands(self):
        @click.group()
        def shelf():
            """Things on a shelf."""

        @shelf.group()
        def deep():
            """Deeper."""

        @deep.command()
        @click.pass_obj
        def show(context):
            """Show it."""
            click.echo("chatter")
            os.write(1, b"noise of a program\\n")
            return CommandResult(
                text=f"{self._config.label} in {context.environment}",
                data={"label": self._config.label, "json": context.as_json,
                      "leak": ["a-long-password", {"root": str(context.project_root)}]},
                run_id="20260101T000000Z-abcdef", warnings=("a warning",),
                backup=Backup("b1", "/b/b1", 1, "0" * 64, True),
            )

        @click.command()
        @click.argument("how")
        @click.pass_obj
        def fail(context, how):
            """Fail in the way HOW."""
            if how == "veto":
                raise Veto("the shelf is full of a-long-password", "empty it", code="shelf_full")
            if how == "plain-veto":
                raise Veto("no")
            if how == "config":
                raise ConfigError([Problem("plugins.shelf.label", "is wrong")])
            if how == "bug":
                return {}["a-long-password"]
            if how == "text":
                return "text"
            if how == "nan":
                return CommandResult(data={"n": float("nan")})
            if how == "many":
                return 256
            if how == "exit":
                click.get_current_context().exit(7)
            if how == "sys-exit":
                raise SystemExit(7)
            if how == "interrupt":
                raise KeyboardInterrupt
            if how == "click":
                raise click.ClickException("in click's way")
            if how == "confirm":
                context.confirm("fail", None)
            return {"seven": 7, "zero": 0}.get(how)

        return [shelf, fail]
'''


@pytest.fixture
def shelf(tmp_path: Path) -> Project:
    """Return a project whose plugin contributes `shelf deep show` and `fail HOW`."""
    project = Project.create(tmp_path / "project", NOWHERE)
    project.plugin("shelf", SHELF)
    project.enable("shelf")
    return project


def test_result_of_a_nested_command_is_text_on_stdout(shelf: Project) -> None:
    result = shelf.migrate("shelf", "deep", "show")

    assert result.exit_code == 0, result.output
    assert result.stdout == "chatter\nnoise of a program\nplain in development\n"
    assert "warning: a warning" in result.stderr


def test_result_of_a_nested_command_is_one_object_with_the_common_keys(shelf: Project) -> None:
    result = shelf.migrate("shelf", "deep", "show", "--json")

    found = result.json
    assert set(found) == COMMON | {"data"}
    assert (found["command"], found["ok"], found["exit_code"]) == ("shelf deep show", True, 0)
    assert found["environment"] == "development"
    assert (found["run_id"], found["warnings"]) == ("20260101T000000Z-abcdef", ["a warning"])
    assert found["backup"]["id"] == "b1"
    assert found["data"]["json"] is True
    assert found["data"]["leak"] == ["********", {"root": str(shelf.root)}]
    assert "chatter\nnoise of a program\n" in result.stderr


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_setting_given_anywhere_reaches_the_plugin(shelf: Project, place: int) -> None:
    """The plugin is built before click has parsed the command: `--set` must not come too late."""
    words = ["shelf", "deep", "show"]
    words[place:place] = ["--set", "plugins.shelf.label=red"]

    result = shelf.migrate(*words)

    assert result.stdout.endswith("red in development\n"), result.output


@pytest.mark.parametrize("words", [("shelf",), ("shelf", "deep"), ("shelf", "deep", "show")])
def test_help_names_the_common_options_at_every_depth(
    shelf: Project, words: tuple[str, ...]
) -> None:
    result = shelf.migrate(*words, "--help")

    assert result.exit_code == 0
    for option in ("--json", "--set", "--no-color", "--debug"):
        assert option in result.stdout


@pytest.mark.parametrize(
    ("how", "exit_code", "code", "words"),
    [
        ("veto", 5, "shelf_full", ("the shelf is full", "empty it", "'shelf'")),
        ("plain-veto", 5, "vetoed", ("no",)),
        ("config", 2, "configuration_invalid", ("plugins.shelf.label: is wrong",)),
        ("bug", 1, "bug", ("'shelf'", "KeyError", "plugins/shelf.py:")),
        ("text", 1, "bug", ("'shelf'", "returned str, not a CommandResult")),
        ("nan", 1, "bug", ("'shelf'", "JSON")),
        ("many", 1, "bug", ("'shelf'", "returned 256")),
        ("click", 1, "failed", ("in click's way",)),
        ("interrupt", 130, "interrupted", ("SIGINT",)),
        ("confirm", 5, "confirmation_required", ("--confirm nothing",)),
    ],
)
def test_error_is_told_and_keeps_the_contract(
    shelf: Project, how: str, exit_code: int, code: str, words: tuple[str, ...]
) -> None:
    told = shelf.migrate("fail", how)
    result = shelf.migrate("fail", how, "--json")

    assert (told.exit_code, told.stdout) == (exit_code, "")
    for word in words:
        assert word in told.stderr
    assert set(result.json) == COMMON | {"data"}
    assert (result.json["exit_code"], result.json["error"]["code"]) == (exit_code, code)
    assert (result.json["command"], result.json["data"]) == ("fail", {})
    assert "a-long-password" not in told.output + result.output


@pytest.mark.parametrize("how", ["seven", "exit", "sys-exit"])
def test_number_is_the_exit_code(shelf: Project, how: str) -> None:
    told = shelf.migrate("fail", how)
    result = shelf.migrate("fail", how, "--json")

    assert (told.exit_code, told.output) == (7, "")
    assert (result.exit_code, result.json["exit_code"], result.json["ok"]) == (7, 7, False)


@pytest.mark.parametrize("how", ["zero", "nothing"])
def test_nothing_to_say_is_still_one_object(shelf: Project, how: str) -> None:
    told = shelf.migrate("fail", how)
    result = shelf.migrate("fail", how, "--json")

    assert (told.exit_code, told.output) == (0, "")
    assert (result.json["ok"], result.json["data"]) == (True, {})


def test_wrong_words_are_a_usage_error_with_the_same_keys(shelf: Project) -> None:
    result = shelf.migrate("shelf", "deep", "shwo", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (2, "usage")
    assert "show" in result.json["error"]["message"]
    assert result.json["data"] == {}


def test_unknown_command_suggests_that_of_a_plugin(shelf: Project) -> None:
    result = shelf.migrate("shefl")

    assert result.exit_code == 2
    assert "shelf" in result.stderr


def test_help_of_the_program_loads_no_plugin(shelf: Project) -> None:
    shelf.plugin("shelf", "raise RuntimeError('imported')")

    result = shelf.migrate("--help")

    assert (result.exit_code, result.stderr) == (0, "")


GIVER = """
import click
from sst.hooks import hookimpl

@hookimpl
def register_commands():
    return [{}]
"""


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        ("click.Command('upgrade')", ("'upgrade' has the name of a core command",)),
        ("click.Command('shelf')", ("'shelf' is also one of the plugin shelf",)),
        ("click.Command('x', params=[click.Option(['--json'])])", ("'x' declares --json",)),
        ("'text'", ("'text', not a click command",)),
    ],
)
def test_command_that_cannot_be_one_is_refused_by_name(
    shelf: Project, gives: str, words: tuple[str, ...]
) -> None:
    shelf.plugin("giver", GIVER.format(gives))
    shelf.enable("shelf", "giver")

    result = shelf.migrate("fail", "nothing")

    assert result.exit_code == 2
    for word in ("plugin giver", "plugins/giver.py", *words):
        assert word in result.stderr


def test_option_of_the_core_is_refused_below_a_group_too(shelf: Project) -> None:
    group = "click.Group('g', commands=[click.Command('x', params=[click.Option(['--debug'])])])"
    shelf.plugin("giver", GIVER.format(group))
    shelf.enable("giver")

    result = shelf.migrate("g", "x")

    assert (result.exit_code, "'x' declares --debug" in result.stderr) == (2, True)
