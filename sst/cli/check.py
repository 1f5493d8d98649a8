"""`migrate.py check`: does the database answer, where does it stand, is it healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.result.revisions import where
from sst.cli.result.table import records
from sst.cli.result.vetoes import veto_rows, vetoes_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

_FORMS = "sst.cli.result.pipelines"


def text(report: Report, runtime: Runtime) -> list[str]:
    """Return where the database stands, what is pending, who refuses it, and each check."""
    from sst.cli.result.standing import trouble_rows

    facts = [
        ("environment", runtime.environment),
        ("database", runtime.migration_url.safe),
        *([("schema", schema)] if (schema := runtime.migration_url.schema) else []),
        ("state", report.state or ""),
        ("revision", where(report)),
    ]
    pending = [("pending", item.revision, item.description) for item in report.pending]
    checks = [
        (f"{check.plugin}/{check.name}", check.status.value, check.detail)
        for check in report.checks
    ]
    # Each block has columns of its own: a long URL must not push the others to the right.
    return (
        records(_padded(trouble_rows(report)))
        + records(facts)
        + records(pending)
        + records(veto_rows(report))
        + records(checks)
    )


def keys(report: Report) -> Mapping[str, Any]:
    """Return the vetoes, and the runs that say how the database came to stand there."""
    from sst.cli.result.standing import runs_keys

    return {**vetoes_key(report), **runs_keys(report)}


@click.command(
    "check",
    cls=Command,
    kept="schema",
    text=text,
    keys=keys,
    many="look",
    forms={
        "github": f"{_FORMS}.github:github",
        "gitlab": f"{_FORMS}.code_quality:check",
        "junit": "sst.cli.result.junit.database:junit",
    },
    short_help="Connection, revision, what is pending, checks.",
)
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Check the connection, the revision, what is pending and what plugins check.

    Exit 3 when there is something to do.
    """
    return runtime.migrator.check()


def _padded(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return *rows* with the same number of fields each, as columns need it."""
    most = max(map(len, rows), default=0)
    return [(*row, *("",) * (most - len(row))) for row in rows]
