"""`migrate.py status`: where the database stands, on one screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import Invocation, pass_runtime
from sst.command_line import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


def keys(report: Report) -> Mapping[str, Any]:
    """Return the runs, the backup and the drift; each is null before there was a look."""
    from sst.cli.result.standing import standing_keys

    return standing_keys(report)


@click.command(
    "status",
    cls=Command,
    kept="schema",
    keys=keys,
    many="look",
    forms={
        "junit": "sst.cli.result.junit.database:junit",
        "github": "sst.cli.result.pipelines.github:github",
        "prometheus": "sst.cli.result.pipelines.prometheus:prometheus",
    },
    short_help="Where all stands, on one screen.",
)
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Show on one screen where the database stands: what runs, what failed, what is pending.

    Exit codes are those of `check`, without the checks of plugins.
    """
    from sst.cli.result.status_screen import screen

    report = runtime.migrator.status()
    invocation = click.get_current_context().find_object(Invocation)
    program = invocation.program if invocation else PROGRAM
    return replace(report, lines=screen(report, runtime, program))
