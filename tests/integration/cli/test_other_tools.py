"""Words of other tools are answered with ours, before any plugin is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.cli.call.other_tools import WORDS
from sst.cli.main import ALIASES, COMMANDS

if TYPE_CHECKING:
    from tests.support.project import Project

LOADED = "from pathlib import Path\nPath('loaded').touch()\n"
OWN = """
import click
from sst.hooks import CommandResult, hookimpl

@click.command("{name}")
def own():
    return CommandResult("this is ours")

{declaration}
@hookimpl
def register_commands():
    return [{made}]
"""


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("migrate", "upgrade"),
        ("rollback", "downgrade -1"),
        ("showmigrations", "history"),
        ("deploy", "upgrade"),
        ("makemigrations", "revision --autogenerate"),
        ("baseline", "stamp"),
        ("validate", "check"),
    ],
)
def test_word_of_another_tool_is_answered_with_ours(
    project: Project, word: str, ours: str
) -> None:
    project.plugin("witness", LOADED)
    project.enable("witness")

    result = project.migrate(word, "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (2, "usage")
    assert f"`python migrate.py {ours}" in result.json["error"]["message"]
    assert not (project.root / "loaded").exists()


@pytest.mark.parametrize("word", ["deploy", "info"])
def test_own_command_of_a_plugin_wins(project: Project, word: str) -> None:
    project.plugin("own", OWN.format(name=word, declaration="", made="own"))
    project.enable("own")

    result = project.migrate(word)

    assert (result.exit_code, result.stdout) == (0, "this is ours\n")


def test_own_command_wins_also_where_no_text_shows_it(project: Project) -> None:
    source = OWN.replace('@click.command("{name}")\n', "")
    made = "click.command(chr(117) + 'p')(own)"
    project.plugin("own", source.format(declaration="", made=made))
    project.enable("own")

    assert project.migrate("up").stdout == "this is ours\n"
    assert project.migrate("down").exit_code == 2


def test_broken_settings_do_not_hide_the_answer(project: Project) -> None:
    result = project.migrate("rollback", "--set", "nonsense=1")

    assert result.exit_code == 2
    assert "downgrade -1" in result.stderr


def test_no_word_of_another_tool_is_one_of_ours() -> None:
    assert not set(WORDS) & {*COMMANDS, *ALIASES}
    assert {answer.split()[0] for answer in WORDS.values()} <= set(COMMANDS)
