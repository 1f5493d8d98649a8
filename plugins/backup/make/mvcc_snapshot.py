"""One moment of a database, held open: pg_dump writes it while we count what must be in it.

Tables are locked before the snapshot is taken, not after. A rewrite (ALTER COLUMN TYPE) that
commits between the two leaves a table that looks empty to the snapshot, to pg_dump and to a count
alike, with exit code 0; see "Caveats" in the PostgreSQL manual, 13.6.

A server has room for some thousands of locks, and pg_dump needs one per table as well. Where both
do not fit, the tables' files are compared instead: a rewrite gives a table another one.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import psycopg2
from psycopg2 import errors

from sst.hooks import Veto

from ..archive.contents import Table, list_tables
from ..postgres.database_session import asked, connected, reason_of
from ..postgres.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sst.hooks import DatabaseUrl

    from ..postgres.database_session import Session
    from ..postgres.process import Deadline

_LOCK_WAIT_SECONDS = 60
_ATTEMPTS = 5
_T = TypeVar("_T")
_PREPARE = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # A role's defaults may end a session that only keeps a snapshot.
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL statement_timeout = 0",
    # As pg_dump: an error where a policy would hide rows, never a part of them.
    "SET LOCAL row_security = off",
)
# Ours, pg_dump's, and those of its workers.
_LOCKS_PER_TABLE = 3
_FILES = "SELECT oid, relfilenode FROM pg_catalog.pg_class WHERE relkind = 'r'"
_BLOCKER = """
SELECT format('%I.%I', n.nspname, c.relname), a.pid, coalesce(a.application_name, '')
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'AccessExclusiveLock'
   AND a.datname = current_database() AND c.relkind IN ('r', 'p')
 ORDER BY a.xact_start LIMIT 1
"""
# PostgreSQL manual, 20.12.
_LOCK_SLOTS = """
SELECT CAST(current_setting('max_locks_per_transaction') AS integer)
     * (CAST(current_setting('max_connections') AS integer)
      + CAST(current_setting('max_prepared_transactions') AS integer))
"""


@dataclass(frozen=True, slots=True)
class MvccSnapshot:
    """A moment that stays readable for as long as its session lives."""

    name: str
    """The value of `pg_dump --snapshot`."""
    tables: tuple[Table, ...]
    is_locked: bool
    """Whether no table can be rewritten; else see `require_unchanged`."""
    is_watched: bool
    """Whether the server notices a client that is gone."""
    _url: DatabaseUrl
    _session: Session

    def asking(self, what: str, question: Callable[[Session], _T]) -> Task[_T]:
        """Return the task, named *what*, that asks *question* in the snapshot, in a thread."""
        return Task(what, lambda: question(self._session), self._session.cancel)

    def require_unchanged(self, deadline: Deadline) -> None:
        """Raise `Veto` when a table has been rewritten or truncated since the snapshot."""
        changed = [] if self.is_locked else _changed(self._url, self.tables, deadline)
        if changed:
            raise Veto(
                f"no backup: {changed[0]} was rewritten or truncated meanwhile",
                "run the command again when nothing else changes the schema",
            )


@contextlib.contextmanager
def held_snapshot(url: DatabaseUrl, deadline: Deadline) -> Iterator[MvccSnapshot]:
    """Lock every table of *url* for reading, then hold a snapshot for the body.

    A table that another session has locked is waited for for a minute.
    Only changes of a table's definition wait for us; reading and writing go on.

    Raises `Veto` when the tables cannot be locked.
    """
    try:
        with connected(url) as session:
            take = Task(
                "locking the tables", lambda: _take(url, session, deadline), session.cancel
            )
            with take as taking:
                snapshot = taking.result(deadline)
            yield snapshot
    except psycopg2.Error as error:
        raise _refusal(url, error) from None


def _take(url: DatabaseUrl, session: Session, deadline: Deadline) -> MvccSnapshot:
    """Take the snapshot; again when tables came, went or were rewritten in this very moment."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(errors.UndefinedTable, errors.InvalidSchemaName):
            snapshot = _attempt(url, session, deadline)
            if snapshot is not None:
                return snapshot
        session.execute("ROLLBACK")
    raise Veto(
        "no backup: tables were created, dropped or rewritten during each of"
        f" {_ATTEMPTS} attempts",
        "stop what changes tables all the time, then run the command again",
    )


def _attempt(url: DatabaseUrl, session: Session, deadline: Deadline) -> MvccSnapshot | None:
    # The caller cancels us at the deadline; with the same limit here either could come first.
    session.execute(f"SET lock_timeout = {_LOCK_WAIT_SECONDS * 1000}")
    known = list_tables(session, url.schema)
    [(slots,)] = session.fetch(_LOCK_SLOTS)
    is_locked = len(known) * _LOCKS_PER_TABLE <= slots
    for statement in _PREPARE:
        session.execute(statement)
    # Nothing before this line may look at a row: that would be the moment of the snapshot.
    if is_locked:
        _lock(session, [table.name for table in known])
    [(name,)] = session.fetch("SELECT pg_export_snapshot()")
    tables = list_tables(session, url.schema)
    newcomers = {table.name for table in tables} - {table.name for table in known}
    if is_locked and newcomers:
        _lock(session, sorted(newcomers))
        if _changed(url, tables, deadline):
            return None
    return MvccSnapshot(name, tables, is_locked, session.is_watched, url, session)


def _changed(url: DatabaseUrl, tables: Sequence[Table], deadline: Deadline) -> list[str]:
    """Return the tables that have another file by now; asked outside the snapshot."""
    files = dict(asked(url, lambda session: session.fetch(_FILES), deadline))
    return [t.name for t in tables if t.has_rows and files.get(t.number) != t.file]


def _lock(session: Session, names: Sequence[str]) -> None:
    """Lock all in one statement: ten thousand of them would be ten thousand round trips."""
    if names:
        listed = ", ".join(f"ONLY {name}" for name in names)
        session.execute(f"LOCK TABLE {listed} IN ACCESS SHARE MODE")


def _refusal(url: DatabaseUrl, error: psycopg2.Error) -> Veto:
    reason = f"no backup: {reason_of(url, error)}"
    if isinstance(error, errors.LockNotAvailable):
        return _blocked(url, reason)
    if isinstance(error, errors.OutOfMemory):
        return Veto(f"{reason}: the server has no room for more locks", more_locks(url))
    if isinstance(error, errors.InsufficientPrivilege):
        if "row-level security" in reason:
            return Veto(reason, "use a role with BYPASSRLS in MIGRATION_DATABASE_URL")
        return Veto(reason, "use the owner, or a member of pg_read_all_data, for migrations")
    return Veto(reason, "check the database URL and that the server runs, then try again")


def _blocked(url: DatabaseUrl, reason: str) -> Veto:
    """Return the refusal that names the process that has a table locked, if it still has."""
    hint = "end the session that holds the lock, then try again"
    with contextlib.suppress(psycopg2.Error), connected(url) as session:
        for table, pid, application in session.fetch(_BLOCKER):
            holder = f"{pid} ({application})" if application else str(pid)
            return Veto(f"{reason}: {table} is locked by process {holder}", hint)
    return Veto(reason, hint)


def more_locks(url: DatabaseUrl) -> str:
    """Return how to make room for twice the tables that there are."""
    with contextlib.suppress(psycopg2.Error), connected(url) as session:
        [(slots,)] = session.fetch(_LOCK_SLOTS)
        [(now,)] = session.fetch("SHOW max_locks_per_transaction")
        wanted = math.ceil(int(now) * 2 * len(list_tables(session, url.schema)) / slots)
        return (
            f"set max_locks_per_transaction to {max(wanted, 2 * int(now))} and restart the server"
        )
    return "raise max_locks_per_transaction and restart the server"
