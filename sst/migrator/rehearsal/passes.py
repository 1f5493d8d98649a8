"""One pass of revisions over a scratch database, each statement of them observed."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sst.bridge import Attempt, Footprint, RevisionObserver, silent_log
from sst.errors import SstError
from sst.hooks.contract.error_location import describe_error, line_in, shown
from sst.migrator.rehearsal.beyond import BeyondCopyError, beyond_copy
from sst.migrator.rehearsal.cache.sources import Opened, is_of_project
from sst.migrator.rehearsal.copy import NoCopyError
from sst.migrator.rehearsal.inside import kept_inside
from sst.migrator.rehearsal.observed.observer import StatementObserver
from sst.migrator.rehearsal.own_connections import only_to
from sst.migrator.rehearsal.rehearsal import Rehearsal
from sst.migrator.session.connections import open_connection, prepare_session
from sst.migrator.session.locked_session import watch_signals
from sst.migrator.table_locks.schedule import milliseconds
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection

    from sst.bridge import EnvFacts, Step
    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context

_GRACE_SECONDS = 1.0
_ELSEWHERE = (
    "env.py has a URL of its own, which leads to another database than the copy; "
    "let it read sqlalchemy.url"
)
_NO_REPLAY = "the history does not replay on an empty database"
_GONE = "the server has gone away; the next plan drops what is left of the copy"
_EMPTY = "the copy has no rows, which a revision that reads some misses"


class _Late(BaseException):
    """Raised in the main thread at the deadline; no revision should swallow it."""


@dataclass(frozen=True)
class Ground:
    """A scratch database to rehearse on, and how it comes to the state before the plan."""

    where: str
    """Its server, in words."""
    made: AbstractContextManager[Context]
    """Gives its context, and drops it."""
    heads: tuple[str, ...] = ()
    """What its version table has to hold, where its schema is a copy."""
    replayed: tuple[Step, ...] = ()
    """The revisions that bring it there, where it is empty."""
    is_each_alone: bool = False
    """Whether each revision is a plan of its own: the tables of those before it are there."""


class Pass:
    """One pass through *steps*; what was seen of it stays, however it ends."""

    def __init__(self, context: Context, facts: EnvFacts | None, steps: Sequence[Step]) -> None:
        self._context = context
        self._facts = facts
        self._steps = steps
        self._planned = frozenset(step.revision.id for step in steps)
        self._step: Step | None = None
        self.where = ""
        self.found: dict[str, tuple[Statement, ...]] = {}
        self.opened = Opened()
        """The files that the revisions have opened."""
        self.stopped = ("", 0)
        """The revision that has ended it, and the line of its file."""

    def run(self, ground: Callable[[], Ground]) -> Rehearsal:
        """Return what was seen on *ground*, and why that is not all."""
        why_not = self._run(ground)
        reason = self._context.redact(why_not) if why_not else None
        at, line = self.stopped
        return Rehearsal(self.where, reason, self.found, stopped_at=at, stopped_line=line)

    def _run(self, ground: Callable[[], Ground]) -> str | None:
        """Return why not all of it could be run; None when all was."""
        seconds = self._context.settings.rehearsal_timeout
        self._deadline = time.monotonic() + seconds
        try:
            self._ground = ground()
            with self._ground.made as copy:
                self.where = self._ground.where
                self._left = deque([*self._ground.replayed, *self._steps])
                self._run_on(copy)
        except (Exception, SystemExit, _Late, BeyondCopyError) as error:  # noqa: BLE001 - told
            why = self._why(error)
            return f"{_NO_REPLAY}: {why}" if self._is_replayed else why
        return None

    @property
    def _is_replayed(self) -> bool:
        """Whether the revision that is at work is none of the plan, but one before it."""
        return self._step is not None and self._step.revision.id not in self._planned

    def _why(self, error: BaseException) -> str:
        """Return why the rehearsal has ended with *error*, in words."""
        self._keep()
        if isinstance(error, _Late) or self._is_late:
            return self._late()
        if beyond := beyond_copy(error):
            return self._beyond(beyond)
        if isinstance(error, NoCopyError):
            return str(error)
        if isinstance(error, SstError):
            if self._step:
                self._place(self._step, error)
            return f"{error.what} ({error.why})"
        return self._stopped(error)

    def _run_on(self, copy: Context) -> None:
        with (
            watch_signals(copy, lambda: "nothing was touched") as interrupts,
            interrupts.unmasked(),
            self._in_time(interrupts),
            silent_log(),
            only_to(copy.url),
            self.opened.noting(),
            open_connection(copy, "sst-plan", hstore=True, runs_revisions=True) as connection,
        ):
            interrupts.watch(prepare_session(connection))
            facts = self._facts_on(copy, connection)
            copy.project.write_heads(connection, facts, self._ground.heads)
            self._timeouts = {"statement_timeout": milliseconds(self._seconds_left)}
            self._observer = StatementObserver(
                lambda: open_connection(copy, "sst-plan", autocommit=True)
            )
            watching = RevisionObserver(
                backend=interrupts.watch,
                message=self._observer.hear,
                around=self._around,
            )
            passage = copy.project.passage(connection, copy.url, watching)
            one = self._next()
            while one:
                passage.run(one, self._next)
                # Not asked inside: there it was not committed yet.
                one = self._next() if self._step else None
            _require_moved(copy, facts, connection, self._steps[-1])

    @contextmanager
    def _around(self, connection: Connection) -> Iterator[None]:
        with self._observer.around(connection), kept_inside():
            yield

    def _facts_on(self, copy: Context, connection: Connection) -> EnvFacts:
        """Return what env.py configures for the copy; one that goes elsewhere is not run there."""
        if self._facts and self._facts.uses_handed_connection:
            return self._facts
        found = copy.project.facts(connection, copy.url)
        if not found.same_database:
            raise NoCopyError(_ELSEWHERE)
        return found

    def _next(self) -> Attempt | None:
        """Keep what the present revision did, and begin the next one."""
        self._keep()
        was_replayed = self._is_replayed
        self._step = self._left.popleft() if self._left else None
        if self._step is None:
            return None
        if self._ground.is_each_alone or (was_replayed and not self._is_replayed):
            self._observer.look_again()
        path, footprint = self._step.revision.path, Footprint()
        file = shown(path, self._context.root) if path else ""
        self._observer.begin(self._step.revision, file, footprint)
        return Attempt(self._step, self._timeouts, footprint)

    def _keep(self) -> None:
        if self._step and not self._is_replayed:
            redact = self._context.redact
            self.found[self._step.revision.id] = tuple(
                replace(each, sql=redact(each.sql)) for each in self._observer.statements
            )

    def _stopped(self, error: BaseException) -> str:
        """Return where the copy was no place for the revisions, in words."""
        if self._step is None:
            return describe_error(error)
        at = f"{self._step.revision.id} raised {describe_error(error)}"
        is_gone = getattr(error, "connection_invalidated", False)
        hint = _GONE if is_gone else _EMPTY
        return f"revision {at}{self._place(self._step, error)}; {hint}"

    def _beyond(self, error: BeyondCopyError) -> str:
        """Return which revision reaches beyond the copy, in words."""
        if self._step is None:
            return _ELSEWHERE
        place = self._place(self._step, error, error.line)
        return f"revision {self._step.revision.id} {error}{place}; it was taken back there"

    def _place(self, step: Step, error: BaseException, line: int | None = None) -> str:
        """Return where *error* has ended the revision of *step*, for a person; remember it."""
        path = step.revision.path
        line = line or (line_in(str(path), error) if path else None)
        if not self._is_replayed:
            self.stopped = (step.revision.id, line or 0)
        if path is None:
            return ""
        return f" [{shown(path, self._context.root, line)}]"

    @property
    def _seconds_left(self) -> float:
        return max(0.001, self._deadline - time.monotonic())

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self._deadline

    def _late(self) -> str:
        at = f", at revision {self._step.revision.id}" if self._step else ""
        if self._step and not self._is_replayed:
            self.stopped = (self._step.revision.id, 0)
        seconds = self._context.settings.rehearsal_timeout
        return f"it was not done after {seconds:g} s{at} (migrate.rehearsal_timeout)"

    @contextmanager
    def _in_time(self, interrupts: Interrupts) -> Iterator[None]:
        """Raise in the body at the deadline; what the server does then ends by its timeout.

        A revision that swallows it gets it again, where it does.
        """
        is_over = threading.Event()

        def watch() -> None:
            if not is_over.wait(self._seconds_left):
                interrupts.give_up(_Late())
            while not is_over.wait(_GRACE_SECONDS):
                interrupts.insist(is_of_project)

        watching = threading.Thread(target=watch, name="sst-rehearsal-deadline", daemon=True)
        watching.start()
        try:
            yield
        finally:
            is_over.set()
            watching.join()


def _require_moved(copy: Context, facts: EnvFacts, connection: Connection, last: Step) -> None:
    """Raise `NoCopyError` when env.py has not brought the copy to the end of the plan."""
    found = copy.project.current(connection, facts)
    if set(found) != set(last.after):
        raise NoCopyError(f"env.py left the copy at {listed(found) or 'no revision'}")
