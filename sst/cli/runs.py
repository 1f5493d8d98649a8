"""`migrate.py runs`: what was run on this database, when, by whom, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Group
from sst.cli.call.invocation import pass_runtime
from sst.cli.completing.runs import run_ids
from sst.cli.result.runs_on_record import run_details, run_json, run_list

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.group("runs", cls=Group, short_help="Who ran what when, and how it ended.")
def command() -> None:
    """Show the runs on record, also those that failed, were refused or killed."""


def list_text(report: Report, _runtime: Runtime) -> list[str]:
    """Return a line for each run."""
    return run_list(report.runs or ())


def list_keys(report: Report) -> dict[str, Any]:
    """Return the runs; null where they could not be read."""
    runs = report.runs
    return {"runs": None if runs is None else [run_json(run) for run in runs]}


@command.command("list", text=list_text, keys=list_keys)
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


def show_text(report: Report, _runtime: Runtime) -> list[str]:
    """Return everything about the run."""
    return run_details(report.run) if report.run else []


def show_keys(report: Report) -> dict[str, Any]:
    """Return the run; null where it was not found."""
    return {"run": run_json(report.run) if report.run else None}


@command.command("show", text=show_text, keys=show_keys)
@click.argument("run_id", metavar="ID", shell_complete=run_ids)
@pass_runtime
def show(runtime: Runtime, run_id: str) -> Report:
    """Show everything on record about the run ID, a unique beginning of its id, or `latest`."""
    return runtime.migrator.run_details(run_id)
