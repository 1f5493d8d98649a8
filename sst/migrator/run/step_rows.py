"""The steps of a run on record: the end of one and the start of the next, in one statement.

The same statement looks whether the version table has followed and whether the lock is still held,
and writes only what is true then.

A step is on record before it can leave anything. So its row need not be on disk at once: the
commit of a revision, as any that waits for the disk, brings there all that was written before.
Source: PostgreSQL manual, 30.4 "Asynchronous Commit". The last end, and the row of a step that
leaves its transaction, wait for the disk themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.migrator.ledger.plugin_origin import Origin
    from sst.migrator.ledger.writer import Ledger
    from sst.migrator.session.session import Session

_HELD = """
    select 1 from pg_locks l
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid = %(backend_pid)s
      and l.classid = %(high)s and l.objid = %(low)s
"""
_LATER = "later as materialized (select set_config('synchronous_commit', 'off', true))"
_SEEN = f"seen as materialized (select {{heads}} as heads, exists ({_HELD}) as is_held)"
_HEADS = "array(select version_num::text from {table})"
# Before the first revision there may be no table.
_NO_HEADS = "array[]::text[]"
_FOLLOWED = "seen.heads @> %(heads)s::text[] and seen.heads <@ %(heads)s::text[]"
_ENDED = f"""ended as (
    update migrator.step set outcome = 'applied', duration_ms = %(duration_ms)s,
        attempts = %(attempts)s, notices = %(notices)s::jsonb,
        notices_left_out = %(notices_left_out)s
    from seen where run_id = %(run_id)s and position = %(ended)s and {_FOLLOWED})"""  # noqa: S608 - our own text
_BEGUN = """begun as (
    insert into migrator.step (run_id, position, revision, direction, checksum, plugin, branch)
    select %(run_id)s, %(begun)s, %(revision)s, %(direction)s, %(checksum)s, %(plugin)s, %(branch)s
    from seen where seen.is_held and {is_due})"""
_TO_DISK = """
    update migrator.step set position = position
    where run_id = %(run_id)s and position = %(position)s
    returning position
"""


@dataclass(frozen=True, slots=True)
class StepStart:
    """A step that is about to run."""

    position: int
    revision: str
    direction: str
    checksum: str
    origin: Origin | None = None
    """None for a revision of the project's own."""

    def to_columns(self) -> dict[str, Any]:
        """Return the arguments of `Ledger.start_step`."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class StepEnd:
    """A step whose revision is committed."""

    position: int
    duration_ms: int
    attempts: int
    notices: Mapping[str, Any]
    """The columns `notices`, a list, and `notices_left_out`, a number."""

    def to_columns(self) -> dict[str, Any]:
        """Return the arguments of `Ledger.finish_step` beside the position."""
        names = ("duration_ms", "attempts", "notices")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the database is between two steps."""

    heads: tuple[str, ...]
    """Those of the version table, sorted."""
    is_locked: bool
    """Whether the session of the run still holds its lock."""


class StepRows:
    """Writes the steps of the run *run_id* with *ledger*, while *lock* holds.

    *table* is the version table, quoted as SQL wants it; *lock* are the parameters of `_HELD`.
    """

    def __init__(self, ledger: Ledger, run_id: str, table: str, lock: Mapping[str, int]) -> None:
        self._ledger = ledger
        self._table = table
        self._values: dict[str, Any] = {"run_id": run_id, **lock}

    @classmethod
    def of(cls, session: Session, run_id: str) -> StepRows:
        """Return those of the run *run_id*, which *session* is for."""
        quote = session.record.dialect.identifier_preparer.quote_identifier
        facts = session.facts
        names = (facts.version_schema, facts.version_table)
        table = ".".join(quote(name) for name in names if name)
        lock = {"backend_pid": session.backend_pid, **session.lock.halves()}
        return cls(session.ledger, run_id, table, lock)

    def go_on(
        self,
        end: StepEnd | None,
        heads: Sequence[str],
        start: StepStart | None,
        *,
        waits_for_disk: bool,
    ) -> Standing:
        """Write *end* where the database is at *heads*, and then *start* where the lock is held.

        Without an *end* nobody looks at the heads.

        Returns what it has found. Raises the driver's error, for instance when the version table
        is not there or not to be read; nothing is written then.
        """
        values = {**self._values, "heads": list(heads), **_ending(end), **_beginning(start)}
        sql = _statement(
            self._table, end is not None, start is not None, waits_for_disk=waits_for_disk
        )
        found, is_held = self._ledger.ask(sql, values)
        return Standing(tuple(sorted(set(found))), is_held)

    def bring_to_disk(self, position: int) -> None:
        """Wait until the row at *position* is on disk, and with it all that was written before."""
        self._ledger.ask(_TO_DISK, {**self._values, "position": position})


@cache
def _statement(table: str, has_end: bool, has_start: bool, *, waits_for_disk: bool) -> str:  # noqa: FBT001 - of this module alone
    heads = _HEADS.format(table=table.replace("%", "%%")) if has_end else _NO_HEADS
    parts = {
        _LATER: not waits_for_disk,
        _SEEN.format(heads=heads): True,
        _ENDED: has_end,
        _BEGUN.format(is_due=_FOLLOWED if has_end else "true"): has_start,
    }
    chosen = ", ".join(part for part, is_wanted in parts.items() if is_wanted)
    after = "" if waits_for_disk else ", later"
    return f"with {chosen} select heads, is_held from seen{after}"  # noqa: S608 - our own text


def _ending(end: StepEnd | None) -> dict[str, Any]:
    if end is None:
        return {"ended": None}
    return {
        "ended": end.position,
        "duration_ms": end.duration_ms,
        "attempts": end.attempts,
        **end.notices,
        "notices": json.dumps(end.notices["notices"]),
    }


def _beginning(start: StepStart | None) -> dict[str, Any]:
    if start is None:
        return {}
    return {
        "begun": start.position,
        "revision": start.revision,
        "direction": start.direction,
        "checksum": start.checksum,
        "plugin": start.origin.plugin if start.origin else None,
        "branch": start.origin.branch if start.origin else None,
    }
