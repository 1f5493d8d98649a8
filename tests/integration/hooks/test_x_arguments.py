"""Options of a team's own on the command line: `-x`, as env.py and plugins get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

GATE = """
from sst.hooks import hookimpl

@hookimpl
def pre_migrate(run):
    open("x", "w").write(repr(dict(run.x)))
"""
COMMAND = """
import click
from sst.hooks import CommandResult, hookimpl

@click.command("echo")
@click.pass_obj
def echo(context):
    "Return the x arguments."
    return CommandResult(data={"x": dict(context.x)})

@hookimpl
def register_commands():
    return [echo]
"""


@pytest.mark.parametrize(
    ("words", "x"),
    [
        (("upgrade",), {}),
        (("-x", "tenant=a", "upgrade", "-x", "dry"), {"tenant": "a", "dry": ""}),
        (("upgrade", "-x", "tenant=a", "-x", "tenant=b"), {"tenant": "b"}),
    ],
    ids=["none", "before and behind the command", "twice"],
)
def test_gate_gets_the_x_arguments(
    project: Project, words: tuple[str, ...], x: dict[str, str]
) -> None:
    project.revision("one")
    project.plugin("gate", GATE)
    project.enable("gate")

    result = project.migrate(*words)

    assert result.exit_code == 0, result.output
    assert (project.root / "x").read_text() == repr(x)


def test_command_of_a_plugin_gets_the_x_arguments(project: Project) -> None:
    project.plugin("echo", COMMAND)
    project.enable("echo")

    result = project.migrate("-x", "tenant=a", "echo", "--json")

    assert result.json["data"] == {"x": {"tenant": "a"}}, result.output
