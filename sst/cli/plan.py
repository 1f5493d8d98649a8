"""`migrate.py plan`: what would run, without running it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.call.presentation import Presentation
from sst.cli.completing.revisions import target_completion
from sst.cli.result.rehearsed import (
    rehearsal_keys,
    rehearsal_note,
    seen_in,
    statement_lines,
)
from sst.cli.result.revisions import revision_json, where
from sst.cli.result.table import records, sentences
from sst.cli.result.vetoes import veto_rows, vetoes_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.cli.call.invocation import Invocation
    from sst.migrator.rehearsal.real.probes import ProbeMode
    from sst.migrator.values.report import Report, RevisionState
    from sst.runtime import Runtime


_TO_DO = {"pending": "pending", "applied": "to revert"}
_FAILED = {"rehearsed": False, "rehearsed_at": None, "why_not": "the plan could not be made"}


def text(report: Report, _runtime: Runtime, *, is_verbose: bool = False) -> list[str]:
    """Return a block for every revision that would run, or what it would send, and who refuses."""
    if not report.revisions:
        return sentences([f"nothing to do: the database is at {where(report)}"])
    if any(item.sql or item.note for item in report.revisions):
        refused = [f"-- {' '.join(row)}" for row in veto_rows(report)]
        return [*refused, *(line for item in report.revisions for line in _script(item))]
    blocks = (_block(item, report, is_verbose=is_verbose) for item in report.revisions)
    return [*(line for block in blocks for line in block), *records(veto_rows(report))]


def keys(report: Report) -> Mapping[str, Any]:
    """Return the revisions with their statements, and who would refuse them."""
    revisions = [
        {**revision_json(item), **seen_in(report, item.revision)} for item in report.revisions
    ]
    rehearsed = rehearsal_keys(report.rehearsal) if report.rehearsal else _FAILED
    return {
        "revisions": revisions,
        "plan_hash": report.plan_hash,
        **rehearsed,
        **vetoes_key(report),
    }


@click.command(
    "plan",
    cls=Command,
    text=text,
    keys=keys,
    short_help="What an upgrade or downgrade would run.",
)
@click.argument("target", required=False, shell_complete=target_completion("head", "base"))
@click.option("--sql", "with_sql", is_flag=True, help="Show the SQL of every revision.")
@click.option(
    "--probe",
    type=click.Choice(["bounded", "all", "off"]),
    default="bounded",
    help="Which tables are asked for rows that would make it fail.",
)
@click.option("--no-rehearsal", is_flag=True, help="Run nothing on a scratch database.")
@click.option("--no-cache", is_flag=True, help="Rehearse anew, also when nothing has changed.")
@click.pass_obj
@pass_runtime
def command(  # noqa: PLR0913 - its options
    runtime: Runtime,
    invocation: Invocation,
    target: str | None,
    *,
    with_sql: bool,
    probe: ProbeMode,
    no_rehearsal: bool,
    no_cache: bool,
) -> Report:
    """Show what an upgrade or downgrade to TARGET (default: head) would run; change nothing.

    It runs on a copy of the database without rows: each statement is shown with what it blocks.
    Plugins that would refuse the run are named, with their reasons.
    """
    if invocation.verbose:
        invocation.presentation = Presentation(partial(text, is_verbose=True), keys)
    report = runtime.migrator.plan(
        target,
        with_sql=with_sql,
        rehearsed=not no_rehearsal,
        from_cache=not no_cache,
        probe=probe,
    )
    is_told = report.rehearsal and report.revisions and not (with_sql or no_rehearsal)
    notes = [rehearsal_note(report.rehearsal)] if report.rehearsal and is_told else []
    if invocation.verbose and any(item.state == "pending" for item in report.revisions):
        words = shlex.join(["upgrade", *([target] if target else []), "--plan"])
        notes.append(f"`python migrate.py {words} {report.plan_hash}` runs no other plan")
    return replace(report, notes=tuple(notes))


def _block(item: RevisionState, report: Report, *, is_verbose: bool) -> list[str]:
    found = report.rehearsal.statements.get(item.revision, ()) if report.rehearsal else ()
    below = (statement_lines(each, is_verbose=is_verbose) for each in found)
    head = records([(item.revision, _TO_DO[item.state], item.description)])
    return [*head, *(line for lines in below for line in lines)]


def _script(item: RevisionState) -> list[str]:
    head = f"-- {item.revision}: {item.description}"
    if item.sql is None:
        return [head, f"-- no preview: {item.note}", ""]
    return [head, item.sql.strip(), ""]
