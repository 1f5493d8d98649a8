"""The run's locks: session-level advisory locks, polled, never waited for inside the server.

A run holds two: one of its project, and one of the database that it shares with the runs of other
projects and that a restore takes for itself.

A blocking `pg_advisory_lock` holds a snapshot that CREATE INDEX CONCURRENTLY of the other runner
waits for: both hang. So a lock is tried, the transaction ended, and tried again.
Source: PostgreSQL manual, 9.28.10 "Advisory Lock Functions", and 13.3.5.
"""

from __future__ import annotations

import hashlib
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from sst.errors import LockBusyError, PooledConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import TextClause
    from sqlalchemy.engine import Connection

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0

# One statement: who waits for one of the two holds none, so no two waiters stop each other.
_TAKE = text("""
    select case when not pg_try_advisory_lock(:key) then false
        when pg_try_advisory_lock_shared(:database_key) then true
        else not pg_advisory_unlock(:key) end
""")
_SESSION = """
    select a.pid, a.usename, a.application_name, a.client_addr::text, a.backend_start
    from pg_stat_activity a where a.datname = current_database() and a.pid <> pg_backend_pid()
"""
_HOLDS = """
    select 1 from pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid = a.pid
"""
_IS_ALONE = f"""
    exists ({_HOLDS} and l.classid = :database_high and l.objid = :database_low
            and l.mode = 'ExclusiveLock')
"""
_HOLDER = text(f"""
    select a.*, {_IS_ALONE} from ({_SESSION}) a
    where {_IS_ALONE} or exists ({_HOLDS} and l.classid = :high and l.objid = :low)
""")  # noqa: S608 - our own text
# Runs of this image share the lock of the database. Those of older images have only their own,
# whose key says nothing, and plain Alembic has none: it is known by the version table, a table
# with this one column, that a transaction which has changed something looks at, or by what it
# builds: between two revisions it may look at the table only at the end of each.
_WORKERS = text(f"""
    {_SESSION} and (exists ({_HOLDS} and l.classid = :database_high and l.objid = :database_low)
      or a.application_name like 'sst-migrate %' and exists ({_HOLDS} and l.mode = 'ExclusiveLock')
      or exists (
        select 1 from pg_locks l join pg_class c on c.oid = l.relation and c.relnatts = 1
        join pg_attribute n on n.attrelid = c.oid and n.attname = 'version_num'
        join pg_locks w on w.pid = l.pid and w.locktype = 'transactionid' and w.granted
        where l.locktype = 'relation' and l.granted and l.pid = a.pid)
      or exists (
        select 1 from pg_locks l join pg_locks w on w.pid = l.pid
        where w.locktype = 'transactionid' and w.granted and l.locktype = 'relation' and l.granted
          and l.mode = 'AccessExclusiveLock' and l.pid = a.pid
          and not exists (
            select 1 from pg_class c where c.oid = l.relation and c.relpersistence = 't')))
    order by a.pid
""")  # noqa: S608 - our own text
_GATE = text("select gate from migrator.run where id = :run_id and outcome = 'running'")
_OWNED = text("""
    select count(*) from pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid = pg_backend_pid()
      and l.classid = :high and l.objid = :low""")


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A session that holds a lock."""

    pid: int
    role: str
    application: str
    client: str | None
    since: datetime | None
    """When it connected; None for another role's session that this one may not look into."""
    is_alone: bool = False
    """Whether it has the database for itself."""
    gate: str = ""
    """The gate that its run waits for, such as `pre_migrate of plugin 'x' since ...`."""

    def __str__(self) -> str:
        """Return who it is, in one line."""
        who = f"{self.application or 'a session'} (pid {self.pid}, role {self.role}"
        if self.since is None:
            return f"{who})"
        place = self.client or "the server's own host"
        return f"{who}, from {place}, connected {self.since:%Y-%m-%d %H:%M:%S %Z})"


def held_condition(version_table: str, version_schema: str | None) -> str:
    """Return SQL that says whether any session holds a lock that a run would wait for.

    It is a whole statement's part without parameters.
    """
    keys = _halves(_key_of(f"sst:{version_schema or ''}.{version_table}"))
    whole = _halves(_key_of("sst database"))
    return f"""exists (select from pg_locks l
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and l.database = (select oid from pg_database where datname = current_database())
        and (l.classid, l.objid) in (({keys["high"]}, {keys["low"]}),
            ({whole["high"]}, {whole["low"]})))"""  # noqa: S608 - our own numbers


class RunLock:
    """The locks on *connection*; they live and die with that session.

    The key of the project's comes from the version table's schema and name: advisory locks are per
    database, so two applications in one database do not wait for each other. The other one's key
    is the same for all of them.
    """

    def __init__(
        self, connection: Connection, version_table: str, version_schema: str | None
    ) -> None:
        self._connection = connection
        self._key = _key_of(f"sst:{version_schema or ''}.{version_table}")
        self._database_key = _key_of("sst database")

    def acquire(self, wait_seconds: float, on_wait: Callable[[LockHolder | None], None]) -> None:
        """Take the locks within *wait_seconds*; call *on_wait* once when another session has them.

        Raises `LockBusyError` that names the holder.
        """
        self._poll(self._take, self.holder, wait_seconds, on_wait, _busy)

    def acquire_database(
        self, wait_seconds: float, on_wait: Callable[[LockHolder | None], None]
    ) -> None:
        """Take the database's lock alone, on top of what is held: no run of any project begins.

        Runs that hold it are waited for within *wait_seconds*, and then whatever else is seen to
        migrate. Raises `LockBusyError` that names who does.
        """
        deadline = time.monotonic() + wait_seconds
        self._poll(self._take_database, self._worker, wait_seconds, on_wait, _not_alone)
        try:
            left = max(0.0, deadline - time.monotonic())
            self.await_workers(left, on_wait)
        except BaseException:
            self.release_database()
            raise

    def await_workers(
        self, wait_seconds: float, on_wait: Callable[[LockHolder | None], None]
    ) -> None:
        """Return when no other session is seen to migrate; raises `LockBusyError` otherwise.

        It is for those who ask for no lock of the database; see `acquire_database`.
        """
        self._poll(lambda: self._worker() is None, self._worker, wait_seconds, on_wait, _not_alone)

    def is_held(self) -> bool:
        """Ask the server whether this session still holds the project's lock."""
        return bool(self._scalar(_OWNED, **self.halves()))

    def halves(self) -> dict[str, int]:
        """Return the project's key as pg_locks shows it, `high` and `low`."""
        return _halves(self._key)

    def holder(self) -> LockHolder | None:
        """Return the session that is in the way of a run now; None when there is none."""
        return self._session(_HOLDER, **_halves(self._key))

    def release(self) -> None:
        """Give the locks back; a session that died has given them back already."""
        self._scalar(
            text("select pg_advisory_unlock(:key), pg_advisory_unlock_shared(:database_key)"),
            **self._keys,
        )

    def release_database(self) -> None:
        """Give back what `acquire_database` has taken."""
        self._scalar(text("select pg_advisory_unlock(:database_key)"), **self._keys)

    def _poll(
        self,
        attempt: Callable[[], bool],
        find_holder: Callable[[], LockHolder | None],
        wait_seconds: float,
        on_wait: Callable[[LockHolder | None], None],
        busy: Callable[[LockHolder | None, float], LockBusyError],
    ) -> None:
        deadline = time.monotonic() + wait_seconds
        pause = _FIRST_PAUSE_SECONDS
        told = False
        while not attempt():
            holder = find_holder()
            if time.monotonic() >= deadline:
                raise busy(holder, wait_seconds)
            if not told:
                on_wait(holder)
                told = True
            # Jitter keeps several waiting runners from asking in step.
            left = max(0.0, deadline - time.monotonic())
            time.sleep(min(pause, left) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _take(self) -> bool:
        return bool(self._scalar(_TAKE, **self._keys))

    def _take_database(self) -> bool:
        return bool(self._scalar(text("select pg_try_advisory_lock(:database_key)"), **self._keys))

    def _worker(self) -> LockHolder | None:
        return self._session(_WORKERS)

    def _session(self, question: TextClause, **halves: int) -> LockHolder | None:
        halves |= {f"database_{name}": half for name, half in _halves(self._database_key).items()}
        row = self._connection.execute(question, halves).first()
        self._connection.commit()
        if row is None:
            return None
        holder = LockHolder(*row)
        return replace(holder, gate=self._gate_of(holder))

    def _gate_of(self, holder: LockHolder) -> str:
        """Return what the record says that the holder's run waits for; empty when nothing."""
        run_id = (holder.application or "").removeprefix("sst-migrate ")
        try:
            gate = self._connection.scalar(_GATE, {"run_id": run_id})
        except SQLAlchemyError:
            # No record, one of an older image, or none that this role may read.
            gate = None
        self._connection.rollback()
        return f"{gate['hook']} of plugin '{gate['plugin']}' since {gate['since']}" if gate else ""

    @property
    def _keys(self) -> dict[str, int]:
        return {"key": self._key, "database_key": self._database_key}

    def _scalar(self, statement: TextClause, **parameters: object) -> object:
        # The commit is the point: Alembic takes a connection in a transaction for an outer one
        # and then commits nothing.
        value = self._connection.execute(statement, parameters).scalar()
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


def _key_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _halves(key: int) -> dict[str, int]:
    """Return *key* as pg_locks shows it."""
    unsigned = key % (1 << 64)
    return {"high": unsigned >> 32, "low": unsigned & 0xFFFFFFFF}


def _busy(holder: LockHolder | None, waited_seconds: float) -> LockBusyError:
    who = holder or "a session that has just ended"
    of = " of the whole database, as a restore does" if holder and holder.is_alone else ""
    at = f"; it is in {holder.gate}" if holder and holder.gate else ""
    return LockBusyError(
        what="Another migration is running on this database.",
        why=f"{who} holds the lock{of}{at}; waited {waited_seconds:g} s",
        next_step="try again when it has finished, or wait longer with --lock-wait SECONDS",
    )


def _not_alone(holder: LockHolder | None, waited_seconds: float) -> LockBusyError:
    who = holder or "a session that has just ended"
    return LockBusyError(
        what="Another migration is running in this database, perhaps of another project.",
        why=f"{who} is at work, and its revisions would be lost; waited {waited_seconds:g} s",
        next_step="try again when it has finished, or wait longer with --lock-wait SECONDS",
    )
