"""Revisions as rows: the plan, the pending ones, the history."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sst.errors import UsageError
from sst.hooks.contract.revisions import Direction
from sst.migrator.standing.run_end import ended, failed_revision, reason
from sst.migrator.values.report import RevisionState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.bridge import AlembicProject, Step, StepSql
    from sst.hooks.contract.revisions import Revision
    from sst.migrator.ledger.reader import LastUpgrade, RunRecord
    from sst.migrator.values.status import Status


def as_pending(steps: Sequence[Step]) -> tuple[RevisionState, ...]:
    """Return *steps* as pending rows, in the order they would run."""
    return tuple(_row(step.revision, "pending") for step in steps)


def planned(
    steps: Sequence[Step], scripts: Sequence[StepSql], schema: str = ""
) -> tuple[RevisionState, ...]:
    """Return *steps* as rows, each with its SQL where *scripts* has it; *schema* is the tenant."""
    found = {script.revision: script for script in scripts}
    return tuple(
        _row(
            step.revision,
            "pending" if step.is_upgrade else "applied",
            sql=_for_hands(found[step.revision.id].sql, schema) if found else None,
            note=found[step.revision.id].reason if found else None,
        )
        for step in steps
    )


def _for_hands(sql: str | None, schema: str) -> str | None:
    """Return *sql* as it works in a session of its own, which does not begin in *schema*."""
    if not sql or not schema:
        return sql
    from sst.migrator.commands.question import quoted_name  # late: few plans are a tenant's

    return f"SET search_path TO {quoted_name(None, schema)};\n\n{sql}"


def plan_steps(project: AlembicProject, target: str, status: Status) -> tuple[Step, ...]:
    """Return the steps to *target*, upwards or downwards, whichever it is."""
    if _is_downwards(target):
        return project.plan(target, status.current, Direction.DOWNGRADE)
    steps = project.plan(target, status.current, Direction.UPGRADE)
    if steps or target in {"head", "heads"} or "+" in target or "@" in target:
        return steps
    return project.plan(target, status.current, Direction.DOWNGRADE)


def history(
    project: AlembicProject,
    status: Status,
    applied: Mapping[str, LastUpgrade],
    failed: RunRecord | None = None,
) -> tuple[RevisionState, ...]:
    """Return every revision newest first; one that only the database knows comes first of all.

    A pending one at which *failed*, a run that nothing has made good, has ended is `failed`.
    """
    pending = {step.revision.id for step in status.pending}
    missing = [
        RevisionState(unknown, (), "no file in this code", "missing") for unknown in status.unknown
    ]
    known = [
        _known(revision, applied, is_pending=revision.id in pending or not status.current)
        for revision in reversed(project.revisions())
    ]
    return (*missing, *(_with_failure(row, failed) for row in known))


def refuse_pending(status: Status) -> None:
    """Raise when the database is not at head: autogenerate would write the difference twice."""
    if status.error:
        raise status.error
    if status.pending:
        raise UsageError(
            what="The database is not at head, so there is nothing to compare the models with.",
            why=f"pending: {len(status.pending)}, next {status.pending[0].revision.id}",
            next_step="run `python migrate.py upgrade` first",
        )


def _with_failure(row: RevisionState, failed: RunRecord | None) -> RevisionState:
    if failed is None or row.state != "pending" or failed_revision(failed) != row.revision:
        return row
    return replace(row, state="failed", error=reason(failed) or ended(failed))


def _known(
    revision: Revision, applied: Mapping[str, LastUpgrade], *, is_pending: bool
) -> RevisionState:
    if is_pending:
        return _row(revision, "pending")
    step = applied.get(revision.id)
    return RevisionState(
        revision=revision.id,
        down_revision=revision.down_revisions,
        description=revision.description,
        state="applied",
        applied_at=step.applied_at if step else None,
        duration_ms=step.duration_ms if step else None,
    )


def _row(
    revision: Revision, state: str, sql: str | None = None, note: str | None = None
) -> RevisionState:
    return RevisionState(
        revision=revision.id,
        down_revision=revision.down_revisions,
        description=revision.description,
        state=state,
        sql=sql,
        note=note,
    )


def _is_downwards(target: str) -> bool:
    return target.rpartition("@")[2] == "base" or re.search(r"-\d+$", target) is not None
