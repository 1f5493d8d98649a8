"""One moment of a database, held open: pg_dump writes it while we count what must be in it.

Tables are locked before the snapshot is taken, not after. A rewrite (ALTER COLUMN TYPE) that
commits between the two leaves a table that looks empty to the snapshot, to pg_dump and to a count
alike, with exit code 0; see "MVCC caveats" in the PostgreSQL manual, 13.6.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import psycopg2
from psycopg2 import errors

from app.hooks import Veto

from .background import Task
from .contents import Table, list_tables
from .session import connected, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.hooks import DatabaseUrl

    from .process import Deadline
    from .session import Session

_LOCK_WAIT_SECONDS = 60
_TRIES = 5
_T = TypeVar("_T")
_PREPARE = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # A role's defaults may end a session that only keeps a snapshot.
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL statement_timeout = 0",
    # As pg_dump: an error where a policy would hide rows, never a part of them.
    "SET LOCAL row_security = off",
)
_BLOCKER = """
SELECT format('%I.%I', n.nspname, c.relname), a.pid, coalesce(a.application_name, '')
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'AccessExclusiveLock'
   AND a.datname = current_database() AND c.relkind IN ('r', 'p')
 ORDER BY a.xact_start LIMIT 1
"""
_LOCK_SLOTS = """
SELECT CAST(current_setting('max_connections') AS integer)
     + CAST(current_setting('max_prepared_transactions') AS integer),
       CAST(current_setting('max_locks_per_transaction') AS integer)
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment that stays readable for as long as its session lives."""

    name: str
    """What `pg_dump --snapshot` is given."""
    tables: tuple[Table, ...]
    is_watched: bool
    """Whether the server notices a client that is gone."""
    _session: Session

    def asking(self, what: str, question: Callable[[Session], _T]) -> Task[_T]:
        """Return the task, named *what*, that asks *question* in the snapshot, in a thread."""
        return Task(what, lambda: question(self._session), self._session.cancel)


@contextlib.contextmanager
def held_snapshot(url: DatabaseUrl, deadline: Deadline) -> Iterator[Snapshot]:
    """Lock every table of *url*'s database for reading, then hold a snapshot for the body.

    A table that somebody else has locked is waited for for a minute.
    Only changes of a table's definition wait for us; reading and writing go on.

    Raises `Veto` when the tables cannot be locked.
    """
    try:
        with connected(url) as session:
            take = Task("locking the tables", lambda: _take(session, deadline), session.cancel)
            with take as taking:
                snapshot = taking.result(deadline)
            yield snapshot
    except psycopg2.Error as error:
        raise _refusal(url, error) from None


def _take(session: Session, deadline: Deadline) -> Snapshot:
    """Take the snapshot; again when tables came, went or were rewritten in this very moment."""
    for _ in range(_TRIES):
        with contextlib.suppress(errors.UndefinedTable, errors.InvalidSchemaName):
            snapshot = _try(session, deadline)
            if snapshot is not None:
                return snapshot
        session.execute("ROLLBACK")
    raise Veto(
        f"no backup: tables were created, dropped or rewritten during each of {_TRIES} tries",
        "stop what changes tables all the time, then run the command again",
    )


def _try(session: Session, deadline: Deadline) -> Snapshot | None:
    wait = max(1, int(min(_LOCK_WAIT_SECONDS, deadline.left) * 1000))
    session.execute(f"SET lock_timeout = {wait}")
    session.execute("SET search_path = pg_catalog")
    known = list_tables(session)
    for statement in _PREPARE:
        session.execute(statement)
    # Nothing before this line may look at a row: that would be the moment of the snapshot.
    _lock(session, [table.name for table in known])
    [(name,)] = session.fetch("SELECT pg_export_snapshot()")
    tables = list_tables(session)
    names = {table.name for table in known}
    newcomers = [table.name for table in tables if table.name not in names]
    if newcomers:
        _lock(session, newcomers)
        tables = list_tables(session)
    if any(table.is_rewritten for table in tables):
        return None
    return Snapshot(name, tables, session.is_watched, session)


def _lock(session: Session, names: Sequence[str]) -> None:
    """Lock all in one statement: ten thousand of them would be ten thousand round trips."""
    if names:
        listed = ", ".join(f"ONLY {name}" for name in names)
        session.execute(f"LOCK TABLE {listed} IN ACCESS SHARE MODE")


def _refusal(url: DatabaseUrl, error: psycopg2.Error) -> Veto:
    reason = f"no backup: {first_line(url, error)}"
    if isinstance(error, errors.LockNotAvailable):
        return _blocked(url, reason)
    if isinstance(error, errors.OutOfMemory):
        return Veto(f"{reason}: the server has no room for more locks", _more_locks(url))
    if isinstance(error, errors.InsufficientPrivilege):
        if "row-level security" in reason:
            return Veto(reason, "use a role with BYPASSRLS in MIGRATION_DATABASE_URL")
        return Veto(reason, "use the owner, or a member of pg_read_all_data, for migrations")
    return Veto(reason, "check the database URL and that the server runs, then try again")


def _blocked(url: DatabaseUrl, reason: str) -> Veto:
    """Return the refusal that names who has a table locked, when he still has."""
    hint = "end the session that holds the lock, then try again"
    with contextlib.suppress(psycopg2.Error), connected(url) as session:
        for table, pid, application in session.fetch(_BLOCKER):
            who = f"{pid} ({application})" if application else str(pid)
            return Veto(f"{reason}: {table} is locked by process {who}", hint)
    return Veto(reason, hint)


def _more_locks(url: DatabaseUrl) -> str:
    """Return how many locks it takes: ours, pg_dump's and its workers', with as much to spare."""
    with contextlib.suppress(psycopg2.Error), connected(url) as session:
        [(sessions, now)] = session.fetch(_LOCK_SLOTS)
        needed = math.ceil(2 * len(list_tables(session)) / sessions)
        return f"set max_locks_per_transaction to {max(needed, 2 * now)} or more, and restart it"
    return "raise max_locks_per_transaction, and restart the server"
