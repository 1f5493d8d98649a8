"""`migrate.py runs`: what was run on this database, when, by whom, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Group
from sst.cli.invocation import pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.group("runs", cls=Group, short_help="Who ran what when, and how it ended.")
def command() -> None:
    """Show the runs on record, also those that failed, were refused or killed."""


@command.command("list")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Show this many, the newest first.",
)
@pass_runtime
def list_runs(runtime: Runtime, limit: int) -> Report:
    """List the runs, newest first; a database that was never migrated has none."""
    return runtime.migrator.runs(limit)


@command.command("show")
@click.argument("run_id", metavar="ID")
@pass_runtime
def show(runtime: Runtime, run_id: str) -> Report:
    """Show everything on record about the run ID, or a unique beginning of its id."""
    return runtime.migrator.run_details(run_id)
