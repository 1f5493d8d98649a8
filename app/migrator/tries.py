"""The tries of one revision: each with its timeouts, and after a failed one who was in the way.

A revision is tried again on a lock timeout, a deadlock or a serialization failure, on the same
connection, which holds the run's lock; and only when nothing of it is committed but concurrent
index statements that may run twice (`IF [NOT] EXISTS`, REINDEX).
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.errors import AppError, ConnectionLostError
from app.migrator.blockers import terminate
from app.migrator.bridge import Footprint, may_run_again
from app.migrator.connections import open_connection
from app.migrator.leftovers import drop_left_behind, known_invalid
from app.migrator.progress import Attempts
from app.migrator.retry import RETRYABLE, Schedule, milliseconds
from app.migrator.sampler import Sampler
from app.migrator.server_errors import sqlstate_of

if TYPE_CHECKING:
    from app.migrator.blockers import Blocker
    from app.migrator.bridge import Step
    from app.migrator.context import Context
    from app.migrator.interrupts import Interrupts
    from app.migrator.progress import Progress
    from app.migrator.session import Session

log = logging.getLogger("sst.migrate")


def refuse_lost_lock(session: Session, progress: Progress, step: Step) -> None:
    """Raise `ConnectionLostError` when the session that held the run's lock is gone."""
    with suppress(SQLAlchemyError):
        if session.lock.is_held():
            return
    raise ConnectionLostError(
        step.revision.id,
        why="the session that held the run's lock is gone, so another run may have begun",
        committed=progress.committed_ids,
        next_step="run the command again: it goes on from there",
    )


class Tries:
    """Runs one revision until it is committed, or until it must not be tried again."""

    def __init__(
        self, context: Context, session: Session, progress: Progress, interrupts: Interrupts
    ) -> None:
        self._context = context
        self._session = session
        self._progress = progress
        self._interrupts = interrupts
        self._schedule = Schedule.of(context.settings)
        self._attempts = progress.attempts = Attempts()

    def run(self, step: Step) -> None:
        """Run *step*; raises what its last try raised, unchanged."""
        started = time.monotonic()
        timeout = self._schedule.timeout_seconds(1)
        with Sampler(self._context, timeout_seconds=timeout) as sampler:
            sampler.watch(self._session.backend_pid)
            while (pause := self._try(step, sampler, started)) is not None:
                time.sleep(pause)
                refuse_lost_lock(self._session, self._progress, step)

    def _try(self, step: Step, sampler: Sampler, started: float) -> float | None:
        """Run *step* once; return the pause before the next try, None when it is committed."""
        attempts, footprint = self._attempts, Footprint()
        attempts.count += 1
        known = known_invalid(self._session.connection)
        try:
            self._apply(step, sampler, footprint)
        except BaseException as error:
            attempts.seconds = time.monotonic() - started
            attempts.committed = footprint.committed(error)
            attempts.blockers = sampler.take()
            if not isinstance(error, DBAPIError) or error.connection_invalidated:
                raise
            self._tidy(known, footprint.running)
            pause = self._pause(error)
            self._note(step, error, pause)
            if pause is None:
                raise
            return pause
        return None

    def _apply(self, step: Step, sampler: Sampler, footprint: Footprint) -> None:
        settings = self._settings()
        connection = self._session.connection
        for name, value in settings.items():
            connection.execute(text(f"set {name} = {value}"))
        connection.commit()

        def watch(backend_pid: int) -> None:
            self._interrupts.watch(backend_pid)
            sampler.watch(backend_pid)

        with self._interrupts.unmasked():
            self._context.project.apply(
                step,
                connection,
                self._context.url,
                session_settings=settings,
                on_backend=watch,
                footprint=footprint,
            )

    def _settings(self) -> dict[str, str]:
        """Return the timeouts in ms: a rollback takes back what was set before it."""
        wait = self._schedule.timeout_seconds(self._attempts.count)
        return {
            "lock_timeout": milliseconds(wait),
            "statement_timeout": milliseconds(self._context.settings.statement_timeout),
        }

    def _pause(self, error: DBAPIError) -> float | None:
        attempts = self._attempts
        if sqlstate_of(error) not in RETRYABLE or not may_run_again(attempts.committed):
            return None
        return self._schedule.pause_seconds(attempts.count, attempts.seconds)

    def _tidy(self, known: frozenset[int], failed: str | None) -> None:
        """Drop what a failed concurrent build left; what cannot be dropped counts as committed."""
        left: tuple[str, ...] = ()
        try:
            stay = drop_left_behind(self._context, self._interrupts, known, failed)
            left = tuple(f"the INVALID index {index}" for index in stay)
        except (AppError, DBAPIError) as error:
            log.warning("nobody looked for INVALID indexes: %s", error)
        self._attempts.committed += left

    def _note(self, step: Step, error: DBAPIError, pause: float | None) -> None:
        """Say and record why the try failed, and end blockers where that was asked for."""
        attempts, progress = self._attempts, self._progress
        state = sqlstate_of(error)
        if state not in RETRYABLE:
            return
        then = "no further try" if pause is None else f"next try in {pause:g} s"
        name, number = step.revision.id, attempts.count
        log.warning("%s: try %d failed (%s %s); %s", name, number, state, _word(error), then)
        for blocker in attempts.blockers:
            log.warning("%s: blocked by %s", name, self._context.redact(str(blocker)))
        if pause is not None and progress.request.terminate_blockers:
            attempts.blockers = self._terminate(attempts.blockers)
        with self._interrupts.shielded(), suppress(DBAPIError):
            self._session.ledger.note_try(
                progress.run_id,
                len(progress.committed),
                number,
                [
                    {"try": number, "sqlstate": state, **each.to_dict()}
                    for each in attempts.blockers
                ],
            )

    def _terminate(self, blockers: tuple[Blocker, ...]) -> tuple[Blocker, ...]:
        allowed = self._context.settings.terminate_applications
        if not allowed:
            log.warning("--terminate-blockers ends nobody: migrate.terminate_applications is []")
            return blockers
        try:
            with open_connection(self._context, "sst-blockers", autocommit=True) as connection:
                ended = terminate(connection, blockers, allowed)
        except (AppError, DBAPIError) as error:
            log.warning("the blockers were not ended: %s", _word(error))
            return blockers
        for blocker in ended:
            if blocker.terminated:
                log.warning("ended pid %d (%s), as asked", blocker.pid, blocker.application)
        return ended


def _word(error: AppError | DBAPIError) -> str:
    original = getattr(error, "orig", None) or error
    return str(original).strip().partition("\n")[0]
