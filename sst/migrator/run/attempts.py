"""The attempts of one revision: each with its timeouts, and after a failed one its blockers.

A revision is tried again on a lock timeout, a deadlock or a serialization failure, on the same
connection, which holds the run's lock; and only when nothing of it is committed but concurrent
index statements that may run twice (`IF [NOT] EXISTS`, REINDEX).
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sst.bridge import Attempt, Footprint, may_run_again
from sst.db.server_errors import sqlstate_of
from sst.errors import ConnectionLostError, SstError
from sst.hooks.calling.calls import HookFailedError
from sst.migrator.run.progress import Attempts
from sst.migrator.run.traced import TracedAttempts
from sst.migrator.session.connections import open_connection
from sst.migrator.session.gate_watch import told_after
from sst.migrator.table_locks.attempt_timeouts import timeouts_of
from sst.migrator.table_locks.blocker_watch import BlockerWatch
from sst.migrator.table_locks.blockers import terminate
from sst.migrator.table_locks.invalid_indexes import drop_left_behind
from sst.migrator.table_locks.schedule import RETRYABLE, Schedule
from sst.redaction.logs import IN_RESULT
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.bridge import Step
    from sst.migrator.run.progress import Progress
    from sst.migrator.session.session import Session
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.table_locks.blockers import Blocker
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

_TOLD_FIRST_SECONDS = 1.0


def refuse_lost_lock(session: Session, progress: Progress, step: Step) -> None:
    """Raise `ConnectionLostError` when the session that held the run's lock is gone."""
    with suppress(SQLAlchemyError):
        if session.lock.is_held():
            return
    raise lost_lock(progress, step)


def lost_lock(progress: Progress, step: Step) -> ConnectionLostError:
    """Return the error for *step*, which cannot begin: the lock of the run is gone."""
    return ConnectionLostError(
        step.revision.id,
        why="the session that held the run's lock is gone, so another run may have begun",
        committed=progress.committed_ids,
        next_step="run the command again: it goes on from there",
    )


class RevisionAttempts:
    """The attempts of a revision until it is committed, or must not be tried again.

    While it is entered, the blockers of each revision are looked at.
    """

    def __init__(
        self, context: Context, session: Session, progress: Progress, interrupts: Interrupts
    ) -> None:
        self._context = context
        self._session = session
        self._progress = progress
        self._interrupts = interrupts
        self._schedule = Schedule.of(context.settings)
        timeout = self._schedule.timeout_seconds(1)
        self._watch = BlockerWatch(context, timeout_seconds=timeout, on_look=self._see)
        self._watch.watch(session.backend_pid)
        self._traced = TracedAttempts(context.redact)

    def __enter__(self) -> Self:
        """Be ready to look."""
        self._watch.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Look no more."""
        self._watch.__exit__(*exc_info)

    def watch(self, backend_pid: int) -> None:
        """Let a signal cancel what this server process does, and look at whom it waits for."""
        self._interrupts.watch(backend_pid)
        self._watch.watch(backend_pid)

    @contextmanager
    def of_one_step(self) -> Iterator[None]:
        """Look at blockers while the body runs: the next attempts are those of one step."""
        self._attempts = self._progress.attempts = Attempts()
        with self._watch.during(), self._traced.revision(self._progress):
            yield

    def _see(self, blockers: tuple[Blocker, ...], build: str) -> None:
        """Keep what a look has found; log, now and then, that the step still runs."""
        attempts, step = self._attempts, self._progress.current_step
        attempts.waits_for, attempts.build = blockers, build
        seconds = time.monotonic() - attempts.started
        due = told_after(attempts.told - 1) if attempts.told else _TOLD_FIRST_SECONDS
        if step and seconds >= due:
            attempts.told += 1
            verb = "applying" if step.is_upgrade else "reverting"
            name = f"{step.revision.id} {step.revision.description}"
            then = f": {build}" if build else ""
            log.info("%s %s, %.0f s so far%s", verb, name, seconds, self._context.redact(then))

    def next(self, step: Step) -> Attempt:
        """Return the next attempt of *step*."""
        self._attempts.count += 1
        self._attempts.next_at = None
        statement_timeout = self._context.settings.statement_timeout
        timeouts = timeouts_of(self._schedule, self._attempts.count, statement_timeout)
        self._footprint = Footprint()
        self._traced.begin(self._attempts.count, timeouts)
        return Attempt(step, timeouts, self._footprint)

    def pause_after(self, step: Step, error: BaseException) -> float | None:
        """Return the seconds to wait before the next attempt of *step*, which *error* has ended.

        A plugin's statement inside the revision counts as the revision's.

        None when there is to be none.
        """
        if isinstance(error, HookFailedError):
            error = error.error
        attempts = self._attempts
        attempts.seconds = time.monotonic() - attempts.started
        attempts.committed = self._footprint.committed(error)
        attempts.running = self._footprint.running
        attempts.blockers = self._watch.take()
        self._traced.fail(error, attempts.blockers)
        if not isinstance(error, DBAPIError) or error.connection_invalidated:
            return None
        self._tidy(self._footprint.known_invalid, self._footprint.running)
        pause = self._pause(error)
        self._note(step, error, pause)
        self._traced.wait(pause)
        attempts.next_at = None if pause is None else time.monotonic() + pause
        return pause

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
        except (SstError, DBAPIError) as error:
            log.warning("INVALID indexes were not looked for: %s", error)
        self._attempts.committed += left

    def _note(self, step: Step, error: DBAPIError, pause: float | None) -> None:
        """Say and record why the attempt failed, and end blockers where that was asked for."""
        attempts, progress = self._attempts, self._progress
        state = sqlstate_of(error)
        if state not in RETRYABLE:
            return
        then = "no further attempt" if pause is None else f"next attempt in {pause:g} s"
        name, number = step.revision.id, attempts.count
        log.warning(
            "%s: attempt %d failed (%s %s); %s",
            *(name, number, state, first_line(error), then),
            extra=IN_RESULT,
        )
        for blocker in attempts.blockers:
            who = self._context.redact(str(blocker))
            log.warning("%s: blocked by %s", name, who, extra=IN_RESULT)
        if pause is not None and progress.request.options.terminate_blockers:
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
            log.warning(
                "--terminate-blockers ends no session: migrate.terminate_applications is []"
            )
            return blockers
        try:
            with open_connection(self._context, "sst-blockers", autocommit=True) as connection:
                ended = terminate(connection, blockers, allowed)
        except (SstError, DBAPIError) as error:
            log.warning("the blockers were not ended: %s", first_line(error))
            return blockers
        for blocker in ended:
            if blocker.terminated:
                log.warning("ended pid %d (%s), as asked", blocker.pid, blocker.application)
        return ended
