"""`stamp`: write a revision into the version table and run nothing; on record like a run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from app.errors import AppError
from app.migrator.fingerprint import remember_schema
from app.migrator.guard import guard_environment
from app.migrator.interrupts import Interrupts
from app.migrator.outside import told
from app.migrator.progress import new_run_id
from app.migrator.report import Report
from app.migrator.session import cancel_backends, open_session

if TYPE_CHECKING:
    from app.migrator.context import Context
    from app.migrator.session import Session


def execute_stamp(
    context: Context, target: str, lock_wait_seconds: float, *, allow_environment_change: bool
) -> Report:
    """Stamp *target* under the run's lock; no gate runs, for no revision does."""
    run_id, started = new_run_id(), time.monotonic()
    with (
        told(context.redact),
        Interrupts(lambda pids: cancel_backends(context, pids)) as interrupts,
        open_session(
            context, run_id, lock_wait_seconds=lock_wait_seconds, interrupts=interrupts
        ) as session,
    ):
        remembered = session.ledger.environment()
        guard_environment(remembered, context.environment, allowed=allow_environment_change)
        before = session.heads()
        with interrupts.shielded():
            after = _stamp(context, session, run_id, target, before)
    return Report(
        command="stamp",
        before=before,
        after=after,
        heads=context.project.heads,
        run_id=run_id,
        seconds=time.monotonic() - started,
    )


def _stamp(
    context: Context, session: Session, run_id: str, target: str, before: tuple[str, ...]
) -> tuple[str, ...]:
    """Write *target* into the version table, on record from before it to after it."""
    session.put_on_record(run_id, "stamp", target, before, before)
    try:
        context.project.stamp(target, session.connection, context.url)
    except AppError as error:
        failure = {"code": error.code, "phase": "stamp", "text": error.what, "why": error.why}
        session.ledger.finish(run_id, "failed", error=failure, heads=before)
        raise
    after = session.heads()
    session.ledger.finish(run_id, "succeeded", heads=after)
    # The operator has looked and says that this is it.
    remember_schema(context, session.record, run_id)
    return after
