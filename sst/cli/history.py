"""`migrate.py history`: every revision and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.result.revisions import revisions_key
from sst.cli.result.table import moment, records
from sst.text import duration_text

if TYPE_CHECKING:
    from sst.migrator.values.report import Report, RevisionState
    from sst.runtime import Runtime


def text(report: Report, _runtime: Runtime) -> list[str]:
    """Return a line for every revision."""
    return records(_row(item) for item in report.revisions)


@click.command(
    "history",
    cls=Command,
    kept="record",
    text=text,
    keys=revisions_key,
    short_help="Every revision, its state and when it came.",
)
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Show every revision, newest first, with its state and when it was applied."""
    return runtime.migrator.history()


def _row(item: RevisionState) -> tuple[str, ...]:
    when = moment(item.applied_at) if item.applied_at else "-"
    about = f"{item.description} ({item.error})" if item.error else item.description
    return (item.revision, item.state, when, duration_text(item.duration_ms), about)
