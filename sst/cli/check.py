"""`migrate.py check`: does the database answer, where does it stand, is it healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.result.revisions import where
from sst.cli.result.table import records
from sst.cli.result.vetoes import veto_rows, vetoes_key

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


def text(report: Report, runtime: Runtime) -> list[str]:
    """Return where the database stands, what is pending, who refuses it, and each check."""
    facts = [
        ("environment", runtime.environment),
        ("database", runtime.migration_url.safe),
        ("state", report.state or ""),
        ("revision", where(report)),
    ]
    pending = [("pending", item.revision, item.description) for item in report.pending]
    checks = [
        (f"{check.plugin}/{check.name}", check.status.value, check.detail)
        for check in report.checks
    ]
    # Each block has columns of its own: a long URL must not push the others to the right.
    return records(facts) + records(pending) + records(veto_rows(report)) + records(checks)


@click.command(
    "check",
    cls=Command,
    text=text,
    keys=vetoes_key,
    short_help="Connection, revision, what is pending, checks.",
)
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Check the connection, the revision, what is pending and what plugins check.

    Exit 3 when there is something to do.
    """
    return runtime.migrator.check()
