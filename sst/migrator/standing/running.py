"""What is at work on the database right now: since when, by whom, in what, waiting for whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.migrator.session.run_lock import RunLock
from sst.migrator.table_locks.blockers import Blocker, find_blockers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from sst.bridge import EnvFacts
    from sst.migrator.ledger.reader import RunRecord, StepRecord
    from sst.migrator.session.run_lock import LockHolder

_APPLICATION = "sst-migrate "
# An env.py that connects by itself waits in a session of its own that carries the id; a backup,
# of a run or of a command, waits in sessions of this name, and one at a time holds the run's lock.
_BACKUP = "sst-backup"
_PIDS = text("""
    select pid from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and (pid = :pid or strpos(application_name, :id) > 0 or application_name = :backup)
""")


@dataclass(frozen=True, slots=True)
class Running:
    """A run, or other work under the run's lock, that has not ended."""

    id: str | None
    """The run id; None when the session that holds the lock does not say."""
    run: RunRecord | None
    """Its row; None for work that is not on record, or not yet."""
    holder: LockHolder | None
    """The session that holds the lock, for work without a row."""
    since: datetime | None
    """When it began; when the session connected, for work without a row."""
    seconds: float | None
    """How long that is, on the server's clock."""
    waits_for: tuple[Blocker, ...] = ()
    """The sessions whose locks it waits for."""

    @property
    def step(self) -> StepRecord | None:
        """The revision that it is in; None between two, and for work that runs none."""
        steps = self.run.steps if self.run else ()
        return steps[-1] if steps and steps[-1].outcome == "running" else None

    @property
    def revision(self) -> str | None:
        """The id of that revision."""
        return self.step.revision if self.step else None

    @property
    def revision_seconds(self) -> float | None:
        """How long it has been in that revision, on the server's clock."""
        if self.step is None or self.since is None or self.seconds is None:
            return None
        return self.seconds - (self.step.started_at - self.since).total_seconds()

    @property
    def attempts(self) -> int:
        """How often that revision did not get its locks so far; 0 while it has."""
        return self.step.attempts if self.step and self.blocked_by else 0

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """The sessions that its last failed attempt waited for, as the record has them.

        Between two attempts it waits for nobody, and still they are in its way.
        """
        kept = self.step.details.get("blockers", []) if self.step else []
        last = max((each.get("try", 0) for each in kept), default=0)
        newest = {each.get("pid"): each for each in kept if each.get("try", 0) == last}
        return tuple(str(Blocker.of_record(each)) for each in newest.values())

    @property
    def command(self) -> str:
        """The command and its target; empty for work without a row."""
        return f"{self.run.command} {self.run.target}".strip() if self.run else ""

    @property
    def who(self) -> str:
        """Whoever runs it: `user@host`, or the session that holds the lock."""
        if self.run:
            return f"{self.run.details['os_user']}@{self.run.details['host']}"
        return str(self.holder or "")

    @property
    def gate(self) -> str:
        """The gate that it waits for; empty while there is none that takes its time."""
        gate = self.run.gate if self.run else None
        if gate:
            return f"{gate['hook']} of plugin {gate['plugin']}"
        return self.holder.gate if self.holder else ""

    def masked(self, redact: Callable[[str], str]) -> Running:
        """Return it with secrets masked in what the server's sessions say of themselves."""
        waits_for = tuple(
            replace(each, application=redact(each.application), query=redact(each.query))
            for each in self.waits_for
        )
        holder = self.holder
        if holder:
            holder = replace(holder, application=redact(holder.application or ""))
        return replace(self, waits_for=waits_for, holder=holder)


def read_running(
    connection: Connection, facts: EnvFacts, row: RunRecord | None, now: datetime
) -> Running | None:
    """Return what is at work: the run of *row*, else whoever holds the run's lock; None for none.

    *now* is the server's time.
    """
    if row:
        waits_for = _blockers(connection, row)
        seconds = (now - row.started_at).total_seconds()
        return Running(row.id, row, None, row.started_at, seconds, waits_for)
    holder = RunLock(connection, facts.version_table, facts.version_schema).holder()
    if holder is None:
        return None
    found = (holder.application or "").partition(_APPLICATION)[2] or None
    seconds_held = (now - holder.since).total_seconds() if holder.since else None
    return Running(found, None, holder, holder.since, seconds_held)


def _blockers(connection: Connection, row: RunRecord) -> tuple[Blocker, ...]:
    """Return whom the sessions of *row* wait for; nobody where this role may not look."""
    values = {"pid": row.details["backend_pid"], "id": row.id, "backup": _BACKUP}
    try:
        pids = [pid for (pid,) in connection.execute(_PIDS, values)]
        return find_blockers(connection, pids)
    except DBAPIError:
        connection.rollback()
        return ()
