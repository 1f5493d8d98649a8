"""One revision: the lock is still ours, the revision runs and commits, the database has moved."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from app.errors import HeadsUnchangedError
from app.migrator.failures import INTERRUPTS
from app.migrator.origins import Origin
from app.migrator.tries import Tries, refuse_lost_lock

if TYPE_CHECKING:
    from app.migrator.bridge import Step
    from app.migrator.context import Context
    from app.migrator.interrupts import Interrupts
    from app.migrator.progress import Progress
    from app.migrator.session import Session

log = logging.getLogger("sst.migrate")


def run_step(
    context: Context,
    session: Session,
    progress: Progress,
    interrupts: Interrupts,
    step: Step,
) -> float:
    """Run *step* and return its seconds; it is committed and on record when this returns.

    Raises what the revision raised, `ConnectionLostError` when the lock is gone,
    and `HeadsUnchangedError` when env.py left the database where it was.
    """
    position, started, outcome = len(progress.committed), time.monotonic(), "failed"
    refuse_lost_lock(session, progress, step)
    tries = Tries(context, session, progress, interrupts)
    verbs = ("applying", "applied") if step.is_upgrade else ("reverting", "reverted")
    log.info("%s %s %s", verbs[0], step.revision.id, step.revision.description)
    with interrupts.shielded():
        session.ledger.start_step(
            progress.run_id,
            position,
            step.revision.id,
            progress.request.direction,
            step.checksum,
            origin=_origin(context, step),
        )
    try:
        tries.run(step)
        with interrupts.shielded():
            _refuse_unmoved(context, session, step)
            progress.commit(step, time.monotonic() - started)
            outcome = "applied"
        log.info("%s %s in %.2f s", verbs[1], step.revision.id, time.monotonic() - started)
    except INTERRUPTS:
        outcome = outcome if outcome == "applied" else "interrupted"
        raise
    finally:
        seconds = time.monotonic() - started
        # The revision's own outcome is the one to tell, also when it cannot be written down.
        with interrupts.shielded(), suppress(SQLAlchemyError):
            session.ledger.finish_step(
                progress.run_id,
                position,
                outcome,
                duration_ms=int(seconds * 1000),
                attempts=progress.attempts.count,
            )
    return seconds


def _origin(context: Context, step: Step) -> Origin | None:
    branch = context.project.branch_of(step.revision)
    return Origin(branch.plugin, branch.label) if branch else None


def _refuse_unmoved(context: Context, session: Session, step: Step) -> None:
    current = context.project.current(session.connection, session.facts)
    if set(current) != set(step.after):
        raise HeadsUnchangedError(
            what=f"env.py ran revision {step.revision.id} and the database did not follow.",
            why=f"{context.url} is at {', '.join(current) or 'no revision'}, "
            f"expected {', '.join(step.after) or 'no revision'}",
            next_step="let env.py use attributes['connection'] or sqlalchemy.url, and commit",
        )
