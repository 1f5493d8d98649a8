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

from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError

from sst.bridge import RevisionObserver
from sst.errors import HeadsUnchangedError
from sst.migrator.ledger.plugin_origin import Origin
from sst.migrator.run.attempts import RevisionAttempts, lost_lock, refuse_lost_lock
from sst.migrator.run.failing.describe import INTERRUPTS
from sst.migrator.run.notices import Notices
from sst.migrator.run.step_rows import Standing, StepEnd, StepRows, StepStart
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Connection

    from sst.bridge import Attempt, Passage, Step
    from sst.migrator.run.gates import Gates
    from sst.migrator.run.progress import Progress
    from sst.migrator.session.session import Session
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")


# Their hooks find a step on record, and the next one not yet begun.
_BETWEEN = ("post_revision", "pre_revision")


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
        self._position: int | None = None
        """The row of the step that has begun and not ended."""
        self._is_on_disk = False
        """Whether that row is known to be there: the step has left its transaction."""
        self._during = ExitStack()
        self._rows = StepRows.of(session, progress.run_id)
        self._tries = RevisionAttempts(context, session, progress, interrupts)
        self._has_hooks_between = any(map(context.plugins.implement, _BETWEEN))

    def run(self) -> None:
        """Take every step; each is committed and on record before the next one begins.

        Raises what a revision raised, `ConnectionLostError` when the lock is gone,
        and `HeadsUnchangedError` when env.py left the database where it was.
        """
        project, session = self._context.project, self._session
        is_joined = self._context.plugins.implement("in_revision")
        inside = self._enter if is_joined else None
        observer = RevisionObserver(self._tries.watch, self._hear, inside, leaving=self._leave)
        passage = project.passage(session.connection, self._context.url, observer)
        with self._tries:
            try:
                self._take(passage)
            except INTERRUPTS:
                self._outcome = "interrupted"
                raise
            finally:
                self._during.close()
                self._record()

    def _take(self, passage: Passage) -> None:
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

    def _go_on(self) -> Attempt | None:
        """End the step that is committed, and begin the next one."""
        ended, self._step = self._step, None
        following = self._left.popleft() if self._left else None
        seconds = time.monotonic() - self._started
        is_together = ended and following and not self._has_hooks_between
        if ended:
            self._turn(ended, following if is_together else None, seconds)
            self._tell(ended, seconds)
        if following is None:
            return None
        if not is_together:
            self._gates.ask("pre_revision", revision=following.revision)
            self._progress.phase = "revision"
            self._turn(None, following)
        self._started = time.monotonic()
        one = self._tries.next(following)
        self._step = following
        return one

    def _again(self, error: BaseException) -> Attempt | None:
        """Return the next attempt of a step that failed with *error*; None when there is none."""
        pause = self._tries.pause_after(self._step, error) if self._step else None
        if self._step is None or pause is None:
            return None
        time.sleep(pause)
        refuse_lost_lock(self._session, self._progress, self._step)
        self._notices = Notices(self._context.redact)
        return self._tries.next(self._step)

    def _turn(self, ended: Step | None, following: Step | None, seconds: float = 0.0) -> None:
        """Put on record that *ended* is applied and that *following* begins, under the lock."""
        progress = self._progress
        position = len(progress.committed)
        end = self._end_of(position, seconds) if ended else None
        start = _start_of(self._context, progress, following, position + (ended is not None))
        heads = ended.after if ended else following.before if following else ()
        with self._interrupts.shielded():
            is_safe = self._is_on_disk or following is None
            standing = self._standing(end, heads, start, waits_for_disk=is_safe)
            if ended:
                _refuse_unmoved(self._context, ended, standing.heads)
                progress.commit(ended, seconds)
                self._position, self._is_on_disk = None, False
                self._during.close()
            if following and start:
                progress.current_step = following
                if not standing.is_locked:
                    raise lost_lock(progress, following)
                self._position, self._outcome = start.position, "failed"
                self._started = time.monotonic()
                self._notices = Notices(self._context.redact)
                self._during.enter_context(self._tries.of_one_step())

    def _standing(
        self, end: StepEnd | None, heads: Sequence[str], start: StepStart | None, **how: bool
    ) -> Standing:
        """Write *end* and *start* where they are true; return where the database is."""
        try:
            return self._rows.go_on(end, heads, start, **how)
        except ProgrammingError:
            # No version table, or one that only a role of env.py's choice may read.
            return self._in_parts(end, heads, start)
        except DBAPIError as error:
            following = self._progress.current_step
            if end is None and following and error.connection_invalidated:
                refuse_lost_lock(self._session, self._progress, following)
            raise

    def _in_parts(
        self, end: StepEnd | None, heads: Sequence[str], start: StepStart | None
    ) -> Standing:
        session, run_id = self._session, self._progress.run_id
        found = Standing(session.heads(), session.holds_lock())
        has_followed = set(found.heads) == set(heads)
        if end and has_followed:
            session.ledger.finish_step(run_id, end.position, "applied", **end.to_columns())
        if start and found.is_locked and (has_followed or end is None):
            session.ledger.start_step(run_id, **start.to_columns())
        return found

    def _end_of(self, position: int, seconds: float) -> StepEnd:
        self._notices.close()
        return StepEnd(
            position, int(seconds * 1000), self._progress.attempts.count, self._notices.to_row()
        )

    def _leave(self) -> None:
        """Let the row be on disk before the step does what no transaction takes back."""
        if self._position is not None and not self._is_on_disk:
            self._rows.bring_to_disk(self._position)
            self._is_on_disk = True

    def _tell(self, ended: Step, seconds: float) -> None:
        verb = "applied" if ended.is_upgrade else "reverted"
        log.info(
            "%s %s %s in %.2f s", verb, ended.revision.id, ended.revision.description, seconds
        )
        self._after(ended, seconds)

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

    def _record(self) -> None:
        """Write how a step ended that was not applied."""
        if self._position is None:
            return
        self._notices.close()
        # The revision's own outcome is the one to report, also when it cannot be written down.
        with self._interrupts.shielded(), suppress(SQLAlchemyError):
            self._session.ledger.finish_step(
                self._progress.run_id,
                self._position,
                self._outcome,
                duration_ms=int((time.monotonic() - self._started) * 1000),
                attempts=self._progress.attempts.count,
                notices=self._notices.to_row(),
            )


def _start_of(
    context: Context, progress: Progress, step: Step | None, position: int
) -> StepStart | None:
    if step is None:
        return None
    direction = progress.request.direction
    branch = context.project.branch_of(step.revision)
    origin = Origin(branch.plugin, branch.label) if branch else None
    return StepStart(position, step.revision.id, direction, step.checksum, origin)


def _refuse_unmoved(context: Context, step: Step, current: Sequence[str]) -> None:
    if set(current) != set(step.after):
        raise HeadsUnchangedError(
            what=f"env.py ran revision {step.revision.id} but the version table did not change.",
            why=f"{context.url} is at {listed(current) or 'no revision'}, "
            f"expected {listed(step.after) or 'no revision'}",
            next_step="let env.py use attributes['connection'] or sqlalchemy.url, and commit",
        )
