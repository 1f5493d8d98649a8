"""The steps of a run, one after the other: the lock is still ours, the revision runs and commits.

env.py is run once for as many of them as it lets us; what is done between two of them is done
inside that run of it.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from sst.bridge import RevisionObserver
from sst.errors import HeadsUnchangedError
from sst.migrator.ledger.plugin_origin import Origin
from sst.migrator.run.attempts import RevisionAttempts, refuse_lost_lock
from sst.migrator.run.failing.describe import INTERRUPTS
from sst.migrator.run.notices import Notices
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from sst.bridge import Attempt, Step
    from sst.migrator.run.gates import Gates
    from sst.migrator.run.progress import Progress
    from sst.migrator.session.session import Session
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")


class Chain:
    """Takes the steps of a plan.

    *gates* are asked before each step and inside it; *after* is called when it is committed and
    on record, with its seconds.
    """

    def __init__(
        self,
        context: Context,
        session: Session,
        progress: Progress,
        interrupts: Interrupts,
        *,
        gates: Gates,
        after: Callable[[Step, float], None],
    ) -> None:
        self._context = context
        self._session = session
        self._progress = progress
        self._interrupts = interrupts
        self._gates = gates
        self._after = after
        self._left = deque(progress.plan)
        self._step: Step | None = None
        self._outcome = "failed"
        self._started = 0.0
        self._opened = ExitStack()

    def run(self) -> None:
        """Take every step; each is committed and on record before the next one begins.

        Raises what a revision raised, `ConnectionLostError` when the lock is gone,
        and `HeadsUnchangedError` when env.py left the database where it was.
        """
        self._tries = RevisionAttempts(
            self._context, self._session, self._progress, self._interrupts
        )
        project, session = self._context.project, self._session
        is_joined = self._context.plugins.implement("in_revision")
        inside = self._enter if is_joined else None
        observer = RevisionObserver(self._tries.watch, self._hear, inside)
        passage = project.passage(session.connection, self._context.url, observer)
        try:
            one = self._go_on()
            while one:
                try:
                    with self._interrupts.unmasked():
                        passage.run(one, self._go_on)
                except BaseException as error:
                    one = self._again(error)
                    if one is None:
                        raise
                else:
                    # Not asked inside: there it was not committed yet.
                    one = self._go_on() if self._step else None
        except INTERRUPTS:
            self._outcome = "applied" if self._outcome == "applied" else "interrupted"
            raise
        finally:
            self._opened.close()

    def _go_on(self) -> Attempt | None:
        """End the step that is committed, and begin the next one."""
        if self._step:
            self._end(self._step)
        return self._begin(self._left.popleft()) if self._left else None

    def _again(self, error: BaseException) -> Attempt | None:
        """Return the next attempt of a step that failed with *error*; None when there is none."""
        pause = self._tries.pause_after(self._step, error) if self._step else None
        if self._step is None or pause is None:
            return None
        time.sleep(pause)
        refuse_lost_lock(self._session, self._progress, self._step)
        self._notices = Notices(self._context.redact)
        return self._tries.next(self._step)

    def _begin(self, step: Step) -> Attempt:
        progress = self._progress
        self._gates.ask("pre_revision", revision=step.revision)
        progress.phase, progress.current_step = "revision", step
        refuse_lost_lock(self._session, progress, step)
        self._started, self._outcome = time.monotonic(), "failed"
        self._notices = Notices(self._context.redact)
        with self._interrupts.shielded():
            self._session.ledger.start_step(
                progress.run_id,
                len(progress.committed),
                step.revision.id,
                progress.request.direction,
                step.checksum,
                origin=_origin(self._context, step),
            )
        self._opened.callback(self._record, len(progress.committed))
        self._opened.enter_context(self._tries.of_one_step())
        one = self._tries.next(step)
        self._step = step
        return one

    def _end(self, step: Step) -> None:
        self._step = None
        with self._interrupts.shielded():
            _refuse_unmoved(self._context, self._session, step)
            seconds = time.monotonic() - self._started
            self._progress.commit(step, seconds)
            self._outcome = "applied"
        verb = "applied" if step.is_upgrade else "reverted"
        name = f"{step.revision.id} {step.revision.description}"
        log.info("%s %s in %.2f s", verb, name, seconds)
        self._opened.close()
        self._after(step, seconds)

    def _enter(self, connection: Connection, still_open: Callable[[], None]) -> None:
        assert self._progress.current_step  # noqa: S101 - its transaction has begun
        self._gates.enter(self._progress.current_step.revision, connection, still_open)

    def _hear(self, severity: str, message: str) -> None:
        name = self._step.revision.id if self._step else ""
        if self._progress.phase == "in_revision":
            name = f"{name}, plugin {self._progress.asked}"
        warning = self._notices.hear(name, severity, message)
        if warning and warning not in self._progress.warnings:
            self._progress.warnings.append(warning)

    def _record(self, position: int) -> None:
        """Write how the step ended."""
        self._notices.close()
        # The revision's own outcome is the one to report, also when it cannot be written down.
        with self._interrupts.shielded(), suppress(SQLAlchemyError):
            self._session.ledger.finish_step(
                self._progress.run_id,
                position,
                self._outcome,
                duration_ms=int((time.monotonic() - self._started) * 1000),
                attempts=self._progress.attempts.count,
                notices=self._notices.to_row(),
            )


def _origin(context: Context, step: Step) -> Origin | None:
    branch = context.project.branch_of(step.revision)
    return Origin(branch.plugin, branch.label) if branch else None


def _refuse_unmoved(context: Context, session: Session, step: Step) -> None:
    current = context.project.current(session.connection, session.facts)
    if set(current) != set(step.after):
        raise HeadsUnchangedError(
            what=f"env.py ran revision {step.revision.id} but the version table did not change.",
            why=f"{context.url} is at {listed(current) or 'no revision'}, "
            f"expected {listed(step.after) or 'no revision'}",
            next_step="let env.py use attributes['connection'] or sqlalchemy.url, and commit",
        )
