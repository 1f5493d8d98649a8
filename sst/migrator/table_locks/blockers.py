"""The sessions whose locks a revision's backend waits for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from sst.redaction.statements import without_literals
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

IDLE_IN_TRANSACTION = "idle in transaction"
_UNIDENTIFIED = "a session that could not be identified"
_MOST = 10
_PREPARED = 0

# pg_blocking_pids() stops the lock manager for a moment: it is asked only while we do wait.
# A prepared transaction has no session and is number 0.
# Source: PostgreSQL manual, 9.27 "System Information Functions".
_BLOCKERS = text("""
    select distinct on (b.pid) b.pid, a.backend_start::text,
        coalesce(nullif(a.application_name, ''), a.backend_type, ''),
        coalesce(a.usename::text, ''),
        coalesce(extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.query_start)), 0),
        coalesce(a.state, ''), coalesce(a.query, '')
    from pg_stat_activity me
    cross join lateral unnest(pg_blocking_pids(me.pid)) as b(pid)
    left join pg_stat_activity a on a.pid = b.pid
    where me.pid = any(:pids) and me.wait_event_type = 'Lock'
    order by b.pid
    limit :most
""")
# Checked again by the server itself: between the look and the end of it, the session may have
# gone to work, or another may have got its number.
_TERMINATE = text("""
    select pg_terminate_backend(a.pid) from pg_stat_activity a
    where a.pid = :pid and a.backend_start::text = :backend_start
      and a.state = 'idle in transaction' and a.application_name = any(:allowed)
""")


@dataclass(frozen=True, slots=True)
class Blocker:
    """One session that holds, or asked earlier for, a lock that a revision wants."""

    pid: int
    backend_start: str | None
    application: str
    user: str
    age_seconds: float
    """How long its transaction has been open."""
    state: str
    query: str
    """Its last statement, shortened and without literals."""
    terminated: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return what the ledger keeps."""
        kept = asdict(self)
        del kept["backend_start"]
        return kept

    @classmethod
    def of_record(cls, kept: Mapping[str, Any]) -> Blocker:
        """Return the session that `to_dict` has put on record, perhaps in another version."""
        return cls(
            pid=kept.get("pid", _PREPARED),
            backend_start=None,
            application=kept.get("application", ""),
            user=kept.get("user", ""),
            age_seconds=kept.get("age_seconds", 0.0),
            state=kept.get("state", ""),
            query=kept.get("query", ""),
            terminated=kept.get("terminated", False),
        )

    def __str__(self) -> str:
        """Return who it is, in one line."""
        if self.pid == _PREPARED:
            return "a prepared transaction (see pg_prepared_xacts)"
        who = f"pid {self.pid} ({self.application or 'no application name'}"
        who += f", user {self.user}" if self.user else ""
        state = f", {self.state}" if self.state else ""
        query = f": {self.query}" if self.query else ""
        return f"{who}{state}, transaction open for {self.age_seconds:.0f} s){query}"


def describe_blockers(blockers: Iterable[Blocker]) -> str:
    """Return who they are, in one line, for a sentence that ends with `blocked by`."""
    return listed(blockers) or _UNIDENTIFIED


def find_blockers(connection: Connection, pids: Iterable[int]) -> tuple[Blocker, ...]:
    """Return whom the server processes *pids* wait for right now."""
    rows = connection.execute(_BLOCKERS, {"pids": sorted(pids), "most": _MOST})
    return tuple(_blocker(*row) for row in rows)


def terminate(
    connection: Connection, blockers: Sequence[Blocker], allowed: Sequence[str]
) -> tuple[Blocker, ...]:
    """End those of *blockers* that idle in a transaction and whose application is *allowed*.

    Return *blockers*, the ended ones marked. *connection* must be in autocommit mode.
    Raises the driver's error when the role may not.
    """
    return tuple(
        replace(blocker, terminated=_terminate(connection, blocker, allowed))
        if blocker.state == IDLE_IN_TRANSACTION
        else blocker
        for blocker in blockers
    )


def _terminate(connection: Connection, blocker: Blocker, allowed: Sequence[str]) -> bool:
    values = {
        "pid": blocker.pid,
        "backend_start": blocker.backend_start,
        "allowed": list(allowed),
    }
    return bool(connection.execute(_TERMINATE, values).scalar())


def _blocker(*row: Any) -> Blocker:
    pid, backend_start, application, user, age_seconds, state, query = row
    return Blocker(
        pid=pid,
        backend_start=backend_start,
        application=application,
        user=user,
        age_seconds=round(float(age_seconds), 1),
        state=state,
        query=without_literals(query),
    )
