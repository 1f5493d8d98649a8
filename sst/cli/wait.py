"""`migrate.py wait`: return when the database is there, for init containers and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("wait", cls=Command, short_help="Wait for the database, or for its schema.")
@click.option(
    "--for",
    "goal",
    type=click.Choice(["database", "head"]),
    default="database",
    show_default=True,
    help="Wait until the server answers, or until the schema is what this code expects.",
)
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=0),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up after this long.",
)
@pass_runtime
def command(runtime: Runtime, goal: str, timeout_seconds: float) -> Report:
    """Wait quietly for the database, or for its schema to be at head; it is never changed.

    A schema that is ahead of this code counts as there.
    Exit 0 when it is there, 75 when it is not in time.
    """
    return runtime.migrator.wait(goal, timeout_seconds)
