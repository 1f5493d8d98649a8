"""Runs as the ledger remembers them, to be read; a database without a ledger has none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from sst.errors import UsageError
from sst.migrator.ledger.failure import RunFailure
from sst.migrator.ledger.schema import IS_AT_WORK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_KILLED = RunFailure(
    "killed", None, "The process left no record of its end: it was killed, or its machine stopped."
)

# A row of an older or newer version has fewer or more columns: it is read whole, as it is.
_RUNS = f"""
    select to_jsonb(r), r.outcome = 'running' and not {IS_AT_WORK},
        coalesce((select jsonb_agg(to_jsonb(s) order by s.position)
            from migrator.step s where s.run_id = r.id), '[]')
    from migrator.run r where r.version_table = :version_table
"""  # noqa: S608 - our own text
_NEWEST = "order by r.started_at desc, r.id desc limit :count"
_ONE = f"{_RUNS} and starts_with(r.id, :prefix) order by r.id limit :count"
# Through to_jsonb: a ledger of before that column existed is only read.
_CALLED = "to_jsonb(r) -> 'hooks' @> cast(:called as jsonb)"
# What `stamp` wrote is the operator's word: nothing before it is held against the files.
_CODE_IN_PLACE = text("""
    select s.revision, s.checksum, r.id from (
        select distinct on (s.revision) s.* from migrator.step s
        join migrator.run r on r.id = s.run_id
        where s.outcome = 'applied' and s.direction in ('upgrade', 'downgrade')
          and r.version_table = :version_table
          and r.started_at > coalesce((select max(t.started_at) from migrator.run t
            where t.command = 'stamp' and t.outcome = 'succeeded'
              and t.version_table = :version_table), '-infinity')
        order by s.revision, s.started_at desc) s
    join migrator.run r on r.id = s.run_id
    where s.direction = 'upgrade' order by s.started_at
""")
_LAST_UPGRADES = text("""
    select distinct on (s.revision) s.revision, s.started_at, s.duration_ms
    from migrator.step s join migrator.run r on r.id = s.run_id
    where s.outcome = 'applied' and s.direction = 'upgrade' and r.version_table = :version_table
    order by s.revision, s.started_at desc
""")
# Only a run that moved the database says where it is, or `stamp` and `restore`, whose word it is.
# The heads of a run that was killed, or is at work, are those that it wants.
_LAST_MOVE = text(f"""
    select r.id as run_id, r.command, r.target, r.started_at, r.from_heads as before,
        r.to_heads as heads,
        r.outcome in ('running', 'interrupted') and r.error is null as is_unfinished,
        {IS_AT_WORK} as is_at_work,
        coalesce((select jsonb_agg(jsonb_build_array(s.revision, s.direction, s.outcome))
            from migrator.step s where s.run_id = r.id), '[]') as steps
    from migrator.run r where r.version_table = :version_table and r.outcome <> 'refused'
      and (r.from_heads <> r.to_heads
        or r.outcome = 'succeeded' and r.command in ('stamp', 'restore'))
      -- a restore by another project takes the whole database back, and ours with it; that of one
      -- schema does not, and an older record knows none
      and r.started_at > coalesce((select max(t.started_at) from migrator.run t
        where t.command = 'restore' and t.outcome = 'succeeded'
          and to_jsonb(t) ->> 'schema_name' is null
          and t.version_table <> :version_table), '-infinity')
    order by r.started_at desc limit 1
""")  # noqa: S608 - our own text
# A backup may be of the whole database: all histories in it count, each with its last success.
_NEEDED_BACKUPS = text("""
    select distinct r.backup ->> 'id' from migrator.run r left join (
        select version_table, max(started_at) as at from migrator.run
        where outcome = 'succeeded' and command in ('upgrade', 'downgrade', 'stamp', 'restore')
        group by version_table) settled using (version_table)
    where r.backup ->> 'id' is not null
      and r.outcome in ('running', 'failed', 'unhealthy', 'interrupted')
      and r.started_at >= coalesce(settled.at, '-infinity')
""")
_LISTED = 50
_TWO = 2
_LATEST = "latest"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One revision of a run, and how it ended."""

    revision: str
    direction: str
    outcome: str
    started_at: datetime
    duration_ms: int | None
    attempts: int
    details: Mapping[str, Any]
    """The row as it is, for what other versions of the ledger keep."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, and how it ended."""

    id: str
    command: str
    target: str
    outcome: str
    """`running`, `succeeded`, `failed`, `refused`, `unhealthy` or `interrupted`."""
    started_at: datetime
    finished_at: datetime | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    """The heads that it left, or wants while it is running."""
    error: Mapping[str, Any] | None
    """`code`, `text`, `why` and what else is known of the failure."""
    details: Mapping[str, Any]
    """The row as it is: who, where, which code, plugins, backup."""
    steps: tuple[StepRecord, ...]

    @property
    def duration_ms(self) -> int | None:
        """How long it took; None while it runs, and for one that was killed."""
        if self.finished_at is None or (self.error or {}).get("code") == _KILLED.code:
            return None
        return int((self.finished_at - self.started_at).total_seconds() * 1000)

    @property
    def gate(self) -> Mapping[str, str] | None:
        """The gate that it waits for, or waited for when it was killed: `hook`, `plugin`, `since`.

        None while there is none that takes its time.
        """
        is_open = self.outcome in {"running", "interrupted"}
        return self.details.get("gate") if is_open else None

    @property
    def tries(self) -> int:
        """How often a revision was tried, all together."""
        return sum(step.attempts for step in self.steps)


@dataclass(frozen=True, slots=True)
class LastUpgrade:
    """When a revision was last applied, and how long it took."""

    applied_at: datetime
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class AppliedCode:
    """A revision that is in the database, and the code that it had when it was applied."""

    revision: str
    checksum: str
    run_id: str


@dataclass(frozen=True, slots=True)
class LastMove:
    """The newest run that moved the database, and where it said that it left it."""

    run_id: str
    command: str
    target: str
    started_at: datetime
    before: tuple[str, ...]
    heads: tuple[str, ...]
    """Of a run that did not come to its end those that it wants."""
    is_unfinished: bool
    """Whether it was killed, or is still at work."""
    is_at_work: bool
    steps: tuple[tuple[str, str, str], ...]
    """Revision, direction and outcome of each of its steps."""


class Records:
    """The runs of one history, read on *connection*."""

    def __init__(self, connection: Connection, version_table: str) -> None:
        self._connection = connection
        self._version_table = version_table

    def newest(self, count: int = _LISTED) -> tuple[RunRecord, ...]:
        """Return the last *count* runs, newest first."""
        return self._runs(f"{_RUNS} {_NEWEST}", count=count)

    def newest_where(self, condition: str, **values: Any) -> RunRecord | None:
        """Return the newest run, the row `r`, that fulfils *condition*, SQL with *values*."""
        return next(
            iter(self._runs(f"{_RUNS} and {condition} {_NEWEST}", count=1, **values)), None
        )

    def find(self, prefix: str) -> RunRecord:
        """Return the run whose id begins with *prefix*, or the newest one for `latest`.

        Raises `UsageError` unless it is one.
        """
        found = self.newest(1) if prefix == _LATEST else self._beginning_with(prefix)
        if len(found) == 1:
            return found[0]
        raise UsageError(
            what=f"{prefix!r} fits several runs." if found else f"There is no run {prefix!r}.",
            why=", ".join(run.id for run in found)
            or ("none is on record" if prefix == _LATEST else "no id on record begins with it"),
            next_step="`python migrate.py runs list` lists the runs",
        )

    def _beginning_with(self, prefix: str) -> tuple[RunRecord, ...]:
        return self._runs(_ONE, prefix=prefix, count=_TWO) if prefix else ()

    def newest_with(self, plugin: str) -> RunRecord | None:
        """Return the newest run that called a hook of *plugin*."""
        return self.newest_where(_CALLED, called=json.dumps([{"plugin": plugin}]))

    def last_upgrades(self) -> dict[str, LastUpgrade]:
        """Return when each revision was last applied, also one that was taken back since."""
        if not self.exist():
            return {}
        rows = self._connection.execute(_LAST_UPGRADES, {"version_table": self._version_table})
        return {row[0]: LastUpgrade(row[1], row[2]) for row in rows}

    def applied(self) -> tuple[AppliedCode, ...]:
        """Return the revisions that were applied and not taken back, since the last `stamp`."""
        if not self.exist():
            return ()
        rows = self._connection.execute(_CODE_IN_PLACE, {"version_table": self._version_table})
        return tuple(AppliedCode(*row) for row in rows)

    def last_move(self) -> LastMove | None:
        """Return the newest run that moved the database; one that moved nothing does not count."""
        if not self.exist():
            return None
        row = self._connection.execute(_LAST_MOVE, {"version_table": self._version_table}).first()
        if row is None:
            return None
        heads = {"before": tuple(sorted(row.before)), "heads": tuple(sorted(row.heads))}
        steps = tuple(tuple(step) for step in row.steps)
        return LastMove(**{**row._mapping, **heads, "steps": steps})  # noqa: SLF001 - public in all but name

    def left_at(self) -> tuple[str, ...]:
        """Return where the newest run that moved the database left it; empty when not known."""
        move = self.last_move()
        return move.heads if move and not move.is_unfinished else ()

    def needed_backups(self) -> frozenset[str]:
        """Return the backups that somebody may still want to go back to, of every history."""
        if not self.exist():
            return frozenset()
        return frozenset(row[0] for row in self._connection.execute(_NEEDED_BACKUPS))

    def exist(self) -> bool:
        """Say whether this database has a ledger."""
        found = self._connection.execute(text("select to_regclass('migrator.step') is not null"))
        return bool(found.scalar())

    def _runs(self, query: str, **parameters: Any) -> tuple[RunRecord, ...]:
        if not self.exist():
            return ()
        wanted = {"version_table": self._version_table, **parameters}
        return tuple(_run(*row) for row in self._connection.execute(text(query), wanted))


def _run(row: dict[str, Any], is_dead: bool, steps: list[dict[str, Any]]) -> RunRecord:  # noqa: FBT001 - a row
    outcome = "interrupted" if is_dead else row["outcome"]
    silent = outcome == "interrupted" and row["error"] is None
    return RunRecord(
        id=row["id"],
        command=row["command"],
        target=row["target"],
        outcome=outcome,
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=_moment(row["finished_at"]),
        before=tuple(row["from_heads"]),
        after=tuple(row["to_heads"]),
        error=_KILLED.to_dict() if silent else row["error"],
        details=row,
        steps=tuple(_step(each) for each in steps),
    )


def _step(row: dict[str, Any]) -> StepRecord:
    return StepRecord(
        revision=row["revision"],
        direction=row["direction"],
        outcome=row["outcome"],
        started_at=datetime.fromisoformat(row["started_at"]),
        duration_ms=row["duration_ms"],
        attempts=row["attempts"],
        details=row,
    )


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
