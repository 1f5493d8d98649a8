"""The connections of a run: the one that holds the lock and migrates, and the one that records."""

from __future__ import annotations

import contextlib
import logging
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy.exc import SQLAlchemyError

from sst.db.probe import Probe
from sst.errors import DatabaseUnreachableError, LockBusyError
from sst.hooks.progress import ProgressLine
from sst.migrator.ledger.actor import run_actor
from sst.migrator.ledger.writer import Ledger
from sst.migrator.session.connections import (
    backend_start,
    database_number,
    open_connection,
    prepare_session,
    refuse_old_server,
    refuse_other_database,
)
from sst.migrator.session.guard import guard_environment
from sst.migrator.session.heartbeat import Heartbeat
from sst.migrator.session.inspection import DatabaseInspection
from sst.migrator.session.run_lock import LockHolder, RunLock, refuse_pooler
from sst.tracing.spans import current, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from sst.bridge import EnvFacts
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context
    from sst.migrator.values.options import RunOptions

log = logging.getLogger("sst.migrate")

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.2


class Session:
    """Two open connections, the lock held on the first; the other one is for the record.

    It can step `aside`: everything is closed for a while, and then the same again.
    """

    connection: Connection
    record: Connection
    facts: EnvFacts
    lock: RunLock
    ledger: Ledger
    backend_pid: int
    backend_start: datetime
    database: int
    """The number of the database; see `database_number`."""
    interrupts: Interrupts
    """What watches for signals meanwhile."""

    closed_runs: frozenset[str] = frozenset()
    """The runs that had died, and that this session has marked so."""

    def __init__(
        self, context: Context, run_id: str, lock_wait_seconds: float, interrupts: Interrupts
    ) -> None:
        self._context = context
        self._run_id = run_id
        self._lock_wait_seconds = lock_wait_seconds
        self.interrupts = interrupts
        self._stack = ExitStack()
        self._lock_stack = ExitStack()
        self._is_alone = False
        self._row: dict[str, Any] | None = None
        self._looks: WeakSet[DatabaseInspection] = WeakSet()

    def connect(self) -> None:
        """Open both connections, and the heartbeat beside them; the lock is not taken yet."""
        context, run_id = self._context, self._run_id
        with ExitStack() as stack, ExitStack() as lock_stack:
            stack.enter_context(_heartbeat(context, run_id, self.interrupts))
            self.connection = lock_stack.enter_context(
                open_connection(context, f"sst-migrate {run_id}", hstore=True, runs_revisions=True)
            )
            refuse_old_server(self.connection)
            refuse_pooler(self.connection)
            self.backend_pid = prepare_session(self.connection)
            self.interrupts.watch(self.backend_pid)
            self.facts = context.facts(self.connection)
            refuse_other_database(self.facts, context.url)
            self.record = stack.enter_context(
                open_connection(context, f"sst-ledger {run_id}", autocommit=True)
            )
            prepare_session(self.record)
            self.database = database_number(self.record)
            self.ledger = Ledger(self.record, self.facts.qualified_version_table, self.database)
            self.lock = RunLock(
                self.connection, self.facts.version_table, self.facts.version_schema
            )
            self.backend_start = backend_start(self.connection)
            self._stack, self._lock_stack = stack.pop_all(), lock_stack.pop_all()

    def take_lock(self, wait_seconds: float) -> None:
        """Take the run's lock; raises `LockBusyError` that names the holder."""
        with span("lock", {"sst.lock.wait_seconds": wait_seconds}), _waiting() as tell:
            self.lock.acquire(wait_seconds, tell)
        self._lock_stack.callback(_given_back, self.lock.release)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the runs of all other projects out of the database; see `LockedWork.alone`."""
        with _waiting() as tell:
            self.lock.acquire_database(self._lock_wait_seconds, tell)
        self._is_alone = True
        try:
            yield
        finally:
            if self._is_alone:
                self._is_alone = False
                _given_back(self.lock.release_database)

    def close(self) -> None:
        """Give the lock and every connection back."""
        with self._stack, self._lock_stack:
            self._close_looks()

    def _close_looks(self) -> None:
        for look in list(self._looks):
            look.end()

    def _close_but_lock(self) -> ExitStack:
        """Close everything but the session that holds the lock; return what closes that one."""
        with self._stack:
            self._close_looks()
        return self._lock_stack.pop_all()

    def holds_lock(self) -> bool:
        """Say whether the session that took the lock still has it, in whatever state it is."""
        with contextlib.suppress(SQLAlchemyError):
            self.connection.rollback()
            return self.lock.is_held()
        return False

    def guard_environment(self, options: RunOptions) -> None:
        """Raise `EnvironmentMismatchError` for a database of another environment."""
        guard_environment(
            self.ledger.environment(),
            self._context.environment,
            allowed=options.allow_environment_change,
        )

    def heads(self) -> tuple[str, ...]:
        """Return the revisions that the database is at."""
        return self._context.project.current(self.connection, self.facts)

    def id_length(self) -> int:
        """Return how many characters of an id the version table holds."""
        return self._context.project.id_length(self.connection, self.facts)

    def inspect(self, lock_timeout_seconds: float | None = None) -> DatabaseInspection:
        """Return a look at the database that is closed when the session steps aside."""
        look = DatabaseInspection(self._context, lock_timeout_seconds, self.interrupts)
        self._looks.add(look)
        return look

    def put_on_record(
        self, run_id: str, command: str, target: str, before: Sequence[str], after: Sequence[str]
    ) -> None:
        """Write the row of *run_id* as `running`; it is kept wherever the session goes on."""
        self._row = {
            "id": run_id,
            "command": command,
            "target": target,
            "environment": self._context.environment,
            "schema_name": self._context.url.schema or None,
            "from_heads": list(before),
            "to_heads": list(after),
            **run_actor(self._context),
        }
        self.ledger.create()
        self.ledger.start(self._row | self._backend())

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Close everything for the body, then open it again and take the lock again; signals wait.

        When the session is `alone` its lock stays until the body has ended that one session.

        What the body raises goes on. Without that, raises `LockBusyError` when another run has
        the lock by then, and what `connect` raises.
        """
        if self._is_alone:
            with _waiting() as tell:
                self.lock.await_workers(self._lock_wait_seconds, tell)
        try:
            with self.interrupts.detached():
                left_open = self._close_but_lock() if self._is_alone else ExitStack()
                self.close()
                try:
                    with left_open:
                        yield
                finally:
                    self._is_alone = False
                    self._connect_again()
        except BaseException:
            # Whoever goes on all the same, such as a swap that is tried again, has the lock.
            with contextlib.suppress(LockBusyError, SQLAlchemyError):
                self.take_lock(0)
            raise
        self.take_lock(self._lock_wait_seconds)

    def _connect_again(self) -> None:
        """Connect, also to a server that is just starting again; the row is there afterwards."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self.connect()
                break
            except DatabaseUnreachableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
        if self._row:
            self.ledger.create()
            if not self.ledger.resume(self._row["id"], **self._backend()):
                self.ledger.start(self._row | self._backend())

    def _backend(self) -> dict[str, Any]:
        return {"backend_pid": self.backend_pid, "backend_start": self.backend_start}


def _heartbeat(context: Context, run_id: str, interrupts: Interrupts) -> Heartbeat:
    probe = Probe(context.url, f"sst-heartbeat {run_id}")
    return Heartbeat(probe, context.settings.server_silence, interrupts.give_up)


def _given_back(release: Callable[[], None]) -> None:
    # A lost session has lost its lock with it.
    with contextlib.suppress(SQLAlchemyError):
        release()


@contextlib.contextmanager
def _waiting() -> Iterator[Callable[[LockHolder | None], None]]:
    """Give what says once, in the log and as a live line, whom the body waits for."""
    with ExitStack() as shown:

        def tell(holder: LockHolder | None) -> None:
            at = f", which is in {holder.gate}" if holder and holder.gate else ""
            text = f"waiting for {holder or 'the lock'}{at}"
            log.info("%s", text)
            current().event("wait", {"sst.wait.for": text})
            shown.enter_context(ProgressLine(text))

        yield tell
