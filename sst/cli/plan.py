"""`migrate.py plan`: what would run, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.completing.revisions import target_completion
from sst.cli.result.revisions import revisions_key, where
from sst.cli.result.table import records, sentences
from sst.cli.result.vetoes import veto_rows, vetoes_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.migrator.values.report import Report, RevisionState
    from sst.runtime import Runtime


_TO_DO = {"pending": "pending", "applied": "to revert"}


def text(report: Report, _runtime: Runtime) -> list[str]:
    """Return a line for every revision that would run, or what it would send, and who refuses."""
    if not report.revisions:
        return sentences([f"nothing to do: the database is at {where(report)}"])
    if any(item.sql or item.note for item in report.revisions):
        refused = [f"-- {' '.join(row)}" for row in veto_rows(report)]
        return [*refused, *(line for item in report.revisions for line in _script(item))]
    revisions = records(
        (item.revision, _TO_DO[item.state], item.description) for item in report.revisions
    )
    return revisions + records(veto_rows(report))


def keys(report: Report) -> Mapping[str, Any]:
    """Return the revisions, and who would refuse them."""
    return {**revisions_key(report), **vetoes_key(report)}


@click.command(
    "plan",
    cls=Command,
    text=text,
    keys=keys,
    short_help="What an upgrade or downgrade would run.",
)
@click.argument("target", required=False, shell_complete=target_completion("head", "base"))
@click.option("--sql", "with_sql", is_flag=True, help="Show the SQL of every revision.")
@pass_runtime
def command(runtime: Runtime, target: str | None, *, with_sql: bool) -> Report:
    """Show what an upgrade or downgrade to TARGET (default: head) would run; touch nothing.

    Plugins that would refuse that run are named, with their reasons.
    """
    return runtime.migrator.plan(target, with_sql=with_sql)


def _script(item: RevisionState) -> list[str]:
    head = f"-- {item.revision}: {item.description}"
    if item.sql is None:
        return [head, f"-- no preview: {item.note}", ""]
    return [head, item.sql.strip(), ""]
