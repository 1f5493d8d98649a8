"""The run's lock: one session-level advisory lock, polled, never waited for inside the server.

A blocking `pg_advisory_lock` holds a snapshot that CREATE INDEX CONCURRENTLY of the other runner
waits for: both hang. So the lock is tried, the transaction ended, and tried again.
Source: PostgreSQL manual, 9.28.10 "Advisory Lock Functions", and 13.3.5.
"""

from __future__ import annotations

import hashlib
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from app.errors import LockBusyError, PooledConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import Connection

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0

_HOLDER = text("""
    select a.pid, a.usename, a.application_name, a.client_addr::text, a.backend_start
    from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and l.classid = :high and l.objid = :low
      and l.database = (select oid from pg_database where datname = current_database())
""")
_OWNED = text("""
    select count(*) from pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid = pg_backend_pid()
      and l.classid = :high and l.objid = :low
""")


@dataclass(frozen=True, slots=True)
class LockHolder:
    """The session that holds the lock."""

    pid: int
    role: str
    application: str
    client: str | None
    since: datetime

    def __str__(self) -> str:
        """Return who it is, in one line."""
        place = self.client or "the server's own host"
        return (
            f"{self.application or 'a session'} (pid {self.pid}, role {self.role}, from {place}, "
            f"connected {self.since:%Y-%m-%d %H:%M:%S %Z})"
        )


class RunLock:
    """The lock on *connection*; it lives and dies with that session.

    The key comes from the version table's schema and name: advisory locks are per database,
    so two applications in one database do not wait for each other.
    """

    def __init__(
        self, connection: Connection, version_table: str, version_schema: str | None
    ) -> None:
        name = f"sst:{version_schema or ''}.{version_table}"
        digest = hashlib.sha256(name.encode()).digest()
        self._connection = connection
        self._key = int.from_bytes(digest[:8], "big", signed=True)

    def acquire(self, wait_seconds: float, on_wait: Callable[[LockHolder | None], None]) -> None:
        """Take the lock within *wait_seconds*; call *on_wait* once when somebody else has it.

        Raises `LockBusyError` that names the holder.
        """
        deadline = time.monotonic() + wait_seconds
        pause = _FIRST_PAUSE_SECONDS
        told = False
        while not self._try():
            holder = self.holder()
            if time.monotonic() >= deadline:
                raise _busy(holder, wait_seconds)
            if not told:
                on_wait(holder)
                told = True
            # Jitter keeps several waiting runners from asking in step.
            left = max(0.0, deadline - time.monotonic())
            time.sleep(min(pause, left) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def is_held(self) -> bool:
        """Ask the server whether this session still holds the lock."""
        return bool(self._scalar(_OWNED, **self._halves()))

    def holder(self) -> LockHolder | None:
        """Return who holds the lock now; None when nobody does."""
        row = self._connection.execute(_HOLDER, self._halves()).first()
        self._connection.commit()
        return LockHolder(*row) if row else None

    def release(self) -> None:
        """Give the lock back; a session that died has given it back already."""
        self._scalar(text("select pg_advisory_unlock(:key)"), key=self._key)

    def _try(self) -> bool:
        return bool(self._scalar(text("select pg_try_advisory_lock(:key)"), key=self._key))

    def _halves(self) -> dict[str, int]:
        unsigned = self._key % (1 << 64)
        return {"high": unsigned >> 32, "low": unsigned & 0xFFFFFFFF}

    def _scalar(self, statement: object, **parameters: object) -> object:
        # The commit is the point: Alembic takes a connection in a transaction for an outer one
        # and then commits nothing.
        value = self._connection.execute(statement, parameters).scalar()  # type: ignore[call-overload]
        self._connection.commit()
        return value


def refuse_pooler(connection: Connection) -> None:
    """Raise `PooledConnectionError` when something between us and the server swaps sessions.

    libpq learns the server process's number when it connects; a pooler invents one.
    """
    driver = connection.connection.driver_connection
    announced = driver.info.backend_pid  # type: ignore[union-attr]
    answering = connection.execute(text("select pg_backend_pid()")).scalar()
    connection.commit()
    if announced != answering:
        raise PooledConnectionError(
            what="The connection goes through a connection pooler.",
            why="a session lock taken through a pooler is lost, or left behind on its connection",
            next_step="set MIGRATION_DATABASE_URL to a direct connection to the server",
        )


def _busy(holder: LockHolder | None, waited_seconds: float) -> LockBusyError:
    who = holder or "a session that has just ended"
    return LockBusyError(
        what="Another migration is running on this database.",
        why=f"{who} holds the lock; waited {waited_seconds:g} s",
        next_step="try again when it has finished, or wait longer with --lock-wait SECONDS",
    )
