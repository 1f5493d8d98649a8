"""`migrate.py plan`: what would run, without running it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.completing.revisions import target_completion
from sst.cli.result.revisions import where
from sst.cli.result.table import records, sentences
from sst.cli.result.vetoes import veto_rows
from sst.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from sst.cli.call.invocation import Invocation
    from sst.migrator.rehearsal.real.probes import ProbeMode
    from sst.migrator.values.report import Report, RevisionState
    from sst.runtime import Runtime


class _Asked(TypedDict):
    """The options of the command."""

    with_sql: bool
    probe: ProbeMode
    no_rehearsal: bool
    no_cache: bool


_TO_DO = {"pending": "pending", "applied": "to revert"}


def text(report: Report, _runtime: Runtime, *, is_verbose: bool = False) -> list[str]:
    """Return a block for every revision that would run, or what it would send, and who refuses."""
    if not report.revisions:
        return sentences([f"nothing to do: the database is at {where(report)}"])
    if any(item.sql or item.note for item in report.revisions):
        refused = [f"-- {' '.join(row)}" for row in veto_rows(report)]
        return [*refused, *(line for item in report.revisions for line in _script(item, report))]
    blocks = (_block(item, report, is_verbose=is_verbose) for item in report.revisions)
    return [*(line for block in blocks for line in block), *records(veto_rows(report))]


def keys(report: Report) -> Mapping[str, Any]:
    """Return the keys of `--json`."""
    from sst.cli.result.plan.keys import plan_keys  # late: `--help` does not wait for it

    return plan_keys(report)


@click.command(
    "plan",
    cls=Command,
    kept="record",
    text=text,
    keys=keys,
    many="look",
    forms={
        "junit": "sst.cli.result.junit.database:junit",
        "markdown": "sst.cli.result.plan.markdown:markdown",
        "github": "sst.cli.result.pipelines.plan_step:github",
    },
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
def command(
    runtime: Runtime,
    invocation: Invocation,
    target: str | None,
    **asked: Unpack[_Asked],
) -> Report:
    """Show what an upgrade or downgrade to TARGET (default: head) would run; change nothing.

    It runs on a copy of the database without rows: each statement is shown with what it blocks.
    Plugins that would refuse the run are named, with their reasons.
    """
    from sst.cli.result.plan.notes import advice_to_run, is_upgrade, rehearsal_notes

    is_form, is_rehearsed = invocation.form is not None, not asked["no_rehearsal"]
    if is_form and asked["with_sql"]:
        raise UsageError(
            what=f"--format {invocation.form_name} has no SQL.",
            why="--sql prints something else",
            next_step="leave one of them out",
        )
    if invocation.verbose:
        lines = partial(text, is_verbose=True)
        invocation.presentation = replace(invocation.presentation, text=lines)
    report = runtime.migrator.plan(
        target,
        with_sql=asked["with_sql"],
        rehearsed=is_rehearsed,
        from_cache=not asked["no_cache"],
        probe=asked["probe"],
    )
    notes = [] if is_form or not is_rehearsed else list(rehearsal_notes(report))
    if invocation.verbose and is_upgrade(report):
        notes.append(advice_to_run(report, target))
    return replace(report, notes=tuple(notes))


def _block(item: RevisionState, report: Report, *, is_verbose: bool) -> list[str]:
    from sst.cli.result.plan.screen import statement_lines

    head = records([(item.revision, _TO_DO[item.state], item.description)])
    return [*head, *statement_lines(report.rehearsal, item.revision, is_verbose=is_verbose)]


def _script(item: RevisionState, report: Report) -> list[str]:
    from sst.cli.result.plan.sql_marks import marked

    head = f"-- {item.revision}: {item.description}"
    if item.sql is None:
        return [head, f"-- no preview: {item.note}", ""]
    return [head, marked(item.sql.strip(), report.rehearsal, item.revision), ""]
