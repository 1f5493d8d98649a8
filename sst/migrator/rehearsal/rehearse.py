"""The rehearsal of one plan: a copy, the revisions on it, and the sizes of the real tables.

Nothing of it can fail the plan: it ends in words where it cannot be had.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sst.bridge import Attempt, Footprint, RevisionObserver, silent_log
from sst.errors import SstError
from sst.hooks.contract.error_location import describe_error, line_in, shown
from sst.migrator.rehearsal.audited import kept_inside
from sst.migrator.rehearsal.beyond import BeyondCopyError, beyond_copy
from sst.migrator.rehearsal.cache.results import ResultCache, of_now
from sst.migrator.rehearsal.cache.sources import Opened, is_of_project
from sst.migrator.rehearsal.copy import NoCopyError, copied, server_of
from sst.migrator.rehearsal.observed.observer import StatementObserver
from sst.migrator.rehearsal.own_connections import only_to
from sst.migrator.rehearsal.real.facts import with_real_facts
from sst.migrator.rehearsal.rehearsal import Rehearsal
from sst.migrator.session.connections import open_connection, prepare_session
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.migrator.session.locked_session import watch_signals
from sst.migrator.table_locks.attempt_timeouts import set_timeouts
from sst.migrator.table_locks.schedule import milliseconds
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

    from sst.bridge import EnvFacts, Step
    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.real.probes import ProbeMode
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context

_GRACE_SECONDS = 1.0
_ELSEWHERE = (
    "env.py has a URL of its own, which leads to another database than the copy; "
    "let it read sqlalchemy.url"
)
_EMPTY = "the copy has no rows, which a revision that reads some misses"


class _Late(BaseException):
    """Raised in the main thread at the deadline; no revision should swallow it."""


def rehearse(
    context: Context,
    facts: EnvFacts,
    before: Sequence[str],
    steps: Sequence[Step],
    *,
    from_cache: bool = True,
    probe: ProbeMode = "bounded",
) -> Rehearsal:
    """Run *steps*, at least one, on a copy of the database, which is at the revisions *before*.

    Where nothing that counts has changed since an earlier rehearsal its result is taken, unless
    *from_cache* is off.
    No hook of a run is called. Of the database the catalogue is read, and the rows that *probe*
    allows to ask.
    Raises `InterruptedRunError` for a signal; every other failure is in the result, in words.
    """
    # Around the making of the copy, too: a signal leaves none behind.
    with (
        translate_driver_errors(context.redact),
        watch_signals(context, lambda: "nothing was touched"),
    ):
        found = _rehearsed(context, facts, before, steps, from_cache=from_cache)
    return with_real_facts(context, found, probe)


def _rehearsed(
    context: Context,
    facts: EnvFacts,
    before: Sequence[str],
    steps: Sequence[Step],
    *,
    from_cache: bool,
) -> Rehearsal:
    cache = ResultCache(context, before, steps)
    key = cache.key() if context.settings.rehearse != "off" else None
    if from_cache and (kept := cache.find(key)):
        return Rehearsal(kept.where, None, kept.statements, at=kept.at, is_earlier=True)
    rehearsal = _Rehearsal(context, facts, tuple(before), steps)
    if why_not := rehearsal.run():
        stopped_at, line = rehearsal.stopped
        return Rehearsal(
            rehearsal.where,
            context.redact(why_not),
            rehearsal.found,
            stopped_at=stopped_at,
            stopped_line=line,
        )
    result = of_now(rehearsal.where, rehearsal.found)
    cache.keep(key, result, rehearsal.opened.paths)
    return Rehearsal(result.where, None, result.statements, at=result.at)


class _Rehearsal:
    """One pass through *steps*; what was seen of it stays, however it ends."""

    def __init__(
        self, context: Context, facts: EnvFacts, before: tuple[str, ...], steps: Sequence[Step]
    ) -> None:
        self._context = context
        self._facts = facts
        self._before = before
        self._steps = steps
        self._left = deque(steps)
        self._step: Step | None = None
        self.where = ""
        self.found: dict[str, tuple[Statement, ...]] = {}
        self.opened = Opened()
        """The files that the revisions have opened."""
        self.stopped = ("", 0)
        """The revision that has ended it, and the line of its file."""

    def run(self) -> str | None:
        """Return why not all of it could be run; None when all was."""
        seconds = self._context.settings.rehearsal_timeout
        self._deadline = time.monotonic() + seconds
        try:
            server, where = server_of(self._context)
            with copied(self._context, server) as copy:
                self.where = where
                self._run_on(copy)
        except (Exception, SystemExit, _Late, BeyondCopyError) as error:  # noqa: BLE001 - told
            return self._why(error)
        return None

    def _why(self, error: BaseException) -> str:
        """Return why the rehearsal has ended with *error*, in words."""
        if isinstance(error, _Late) or self._is_late:
            return self._late()
        if beyond := beyond_copy(error):
            return self._beyond(beyond)
        if isinstance(error, NoCopyError):
            return str(error)
        if isinstance(error, SstError):
            if self._step:
                self._keep()
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
            open_connection(copy, "sst-plan") as connection,
        ):
            interrupts.watch(prepare_session(connection))
            facts = self._facts_on(copy, connection)
            copy.project.write_heads(connection, facts, self._before)
            self._timeouts = {"statement_timeout": milliseconds(self._seconds_left)}
            set_timeouts(connection, self._timeouts)
            with open_connection(copy, "sst-plan") as other:
                self._observer = StatementObserver(
                    other, lambda: open_connection(copy, "sst-plan", autocommit=True)
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
        if self._facts.uses_handed_connection:
            return self._facts
        found = copy.project.facts(connection, copy.url)
        if not found.same_database:
            raise NoCopyError(_ELSEWHERE)
        return found

    def _next(self) -> Attempt | None:
        """Keep what the present revision did, and begin the next one."""
        self._keep()
        self._step = self._left.popleft() if self._left else None
        if self._step is None:
            return None
        path, footprint = self._step.revision.path, Footprint()
        file = shown(path, self._context.root) if path else ""
        self._observer.begin(self._step.revision, file, footprint)
        return Attempt(self._step, self._timeouts, footprint)

    def _keep(self) -> None:
        if self._step:
            redact = self._context.redact
            self.found[self._step.revision.id] = tuple(
                replace(each, sql=redact(each.sql)) for each in self._observer.statements
            )

    def _stopped(self, error: BaseException) -> str:
        """Return where the copy was no place for the revisions, in words."""
        if self._step is None:
            return describe_error(error)
        self._keep()
        at = f"{self._step.revision.id} raised {describe_error(error)}"
        return f"revision {at}{self._place(self._step, error)}; {_EMPTY}"

    def _beyond(self, error: BeyondCopyError) -> str:
        """Return which revision reaches beyond the copy, in words."""
        if self._step is None:
            return _ELSEWHERE
        self._keep()
        place = self._place(self._step, error, error.line)
        return f"revision {self._step.revision.id} {error}{place}; it was taken back there"

    def _place(self, step: Step, error: BaseException, line: int | None = None) -> str:
        """Return where *error* has ended the revision of *step*, for a person; remember it."""
        path = step.revision.path
        line = line or (line_in(str(path), error) if path else None)
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
        self._keep()
        at = f", at revision {self._step.revision.id}" if self._step else ""
        self.stopped = (self._step.revision.id if self._step else "", 0)
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
