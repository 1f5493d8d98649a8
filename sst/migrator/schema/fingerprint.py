"""The fingerprint of the schema that the last run left, kept beside the ledger.

It belongs to the database, not to one history: what another application's run did to the schema
is no change outside migrations. A schema that is migrated by itself has one of its own.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from sst.db.engine import own_schema
from sst.errors import SstError
from sst.migrator.schema.drift import changes, patched, without
from sst.migrator.schema.shape import server_major, take_shape
from sst.migrator.session.connections import open_connection
from sst.redaction.logs import IN_RESULT
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, CursorResult

    from sst.migrator.ledger.writer import Ledger
    from sst.migrator.schema.shape import Shape
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

CHANGED = "schema_changed"
"""The code of a schema that changed and no run did it."""

# The whole database has one row, and each schema that is migrated by itself one of its own.
_DATABASE = "migrator.fingerprint"
_SCHEMA = "migrator.schema_fingerprint"
_STORE = """
    insert into {table} ({key}, run_id, server_major, objects)
    values ({value}, :run_id, :server_major, cast(:objects as jsonb))
    on conflict ({key}) do update set run_id = excluded.run_id,
        taken_at = clock_timestamp(), server_major = excluded.server_major,
        objects = excluded.objects, handed_on_to = null
"""
_HAND_ON = "update {table} set handed_on_to = :run_id where run_id = :known"
_WITHDRAW = "update {table} set handed_on_to = null where handed_on_to = :run_id"
_EXISTS = "select to_regclass('{table}') is not null"
# A run that was killed in its first revision moved nothing on record; a later one did.
_KILLED = """
    r.command in ('upgrade', 'downgrade') and r.outcome in ('running', 'interrupted')
    and r.error is null and not exists (
        select 1 from pg_stat_activity a where r.outcome = 'running' and a.pid = r.backend_pid
        and coalesce(a.backend_start, r.backend_start) = r.backend_start)
    and not exists (
        select 1 from migrator.step s where s.run_id = r.id and s.outcome = 'applied')
"""
# Any other run that has begun since, and handed nothing on, left the schema somewhere else.
# Read as JSON: a ledger that no run has brought up to date yet lacks the column.
# Of a schema only the runs in it count.
_READ = f"""
    select f.run_id, f.server_major, f.objects, (
        select r.id from migrator.run r
        where r.started_at > coalesce((select l.started_at from migrator.run l
                where l.id = coalesce(to_jsonb(f) ->> 'handed_on_to', f.run_id)), f.taken_at)
          and r.id <> f.run_id and r.outcome <> 'refused' and not ({_KILLED})
          and starts_with(r.version_table, :prefix)
        order by r.started_at desc limit 1), (
        select r.id from migrator.run r
        where r.started_at > coalesce((select l.started_at from migrator.run l
                where l.id = f.run_id), f.taken_at)
          and {_KILLED} and exists (select 1 from migrator.step s where s.run_id = r.id)
          and starts_with(r.version_table, :prefix)
        order by r.started_at desc limit 1)
    from {{table}} f where {{key}} = {{value}}
"""  # noqa: S608 - a constant of ours
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The schema as a run left it."""

    run_id: str
    server_major: int
    shape: Shape
    later_run: str | None
    """A run that has begun since and left no fingerprint: then nothing can be said."""
    killed_run: str | None
    """A run that was killed since in its first revision, which may have left something."""

    @property
    def changed(self) -> str:
        """The possible authors of a difference, in words."""
        killed = f", or by run {self.killed_run}, which was killed" if self.killed_run else ""
        return f"changed outside migrations since run {self.run_id}{killed}"


@dataclass(frozen=True, slots=True)
class SchemaAtStart:
    """The schema that a run finds, and what happened to it since a run left it."""

    known: Fingerprint | None = None
    shape: Shape | None = None
    """None where the two cannot be compared."""
    changes: tuple[str, ...] = ()
    """The changes outside migrations."""

    @property
    def finding(self) -> str:
        """The changes in one line; empty when there are none."""
        if not (self.known and self.changes):
            return ""
        more = len(self.changes) - _SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        listed = "; ".join(self.changes[:_SHOWN])
        return f"{self.known.changed}: {listed}{rest}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """The finding as a result names it, under the code that `check` has for it."""
        return (f"{CHANGED}: {self.finding}",) if self.finding else ()

    def put_on_record(self, ledger: Ledger, run_id: str) -> None:
        """Write the finding into the row of *run_id*, which begins and has changed nothing yet."""
        if self.finding:
            ledger.record_warning(run_id, "core", "schema", self.finding, code=CHANGED)

    def hand_on(self, ledger: Connection, run_id: str) -> None:
        """Let the known schema stand for *run_id* until that begins to change it."""
        if self.known and not self.known.later_run:
            hand_on(ledger, self.known.run_id, run_id)


def read_fingerprint(connection: Connection) -> Fingerprint | None:
    """Return the last fingerprint; None where there is none."""
    if not _execute(connection, _EXISTS).scalar():
        return None
    schema = own_schema(connection)
    row = _execute(connection, _READ, prefix=f"{schema}." if schema else "").first()
    return Fingerprint(*tuple(row)) if row else None


def store_fingerprint(ledger: Connection, run_id: str, shape: Shape, major: int) -> None:
    """Keep *shape* as what *run_id* left; *ledger* is in autocommit mode and up to date."""
    _execute(ledger, _STORE, run_id=run_id, server_major=major, objects=json.dumps(shape))


def hand_on(ledger: Connection, known_id: str, run_id: str) -> None:
    """Let what *known_id* left stand after *run_id* too, which has changed no schema so far."""
    _execute(ledger, _HAND_ON, known=known_id, run_id=run_id)


def withdraw(ledger: Connection, run_id: str) -> None:
    """Take back what `hand_on` said of *run_id*: from now on it changes the schema."""
    _execute(ledger, _WITHDRAW, run_id=run_id)


def _execute(connection: Connection, template: str, **values: Any) -> CursorResult[Any]:
    """Execute a statement about the row of the database, or the schema, of *connection*."""
    schema = own_schema(connection)
    if schema:
        words = {"table": _SCHEMA, "key": "schema_name", "value": ":schema"}
    else:
        words = {"table": _DATABASE, "key": "only_one", "value": "true"}
    named = {"schema": schema} if schema and "{value}" in template else {}
    return connection.execute(text(template.format(**words)), {**values, **named})


def remember_schema(
    context: Context, ledger: Connection, run_id: str, failed_since: SchemaAtStart | None = None
) -> None:
    """Keep the schema as it is now as what *run_id* left; a run does not fail for it.

    With *failed_since* the run has failed and committed no revision: what the run before it left
    stands, so that drift stays drift, and what this one changed outside transactions is added.
    """
    if failed_since is not None:
        _hand_on_or_patch(context, ledger, run_id, failed_since)
        return
    try:
        with open_connection(context, f"sst-fingerprint {run_id}") as connection:
            shape, major = take_shape(connection), server_major(connection)
        store_fingerprint(ledger, run_id, shape, major)
    except (SQLAlchemyError, SstError) as error:
        _log_unkept(run_id, error)


def outside_changes(
    connection: Connection, known: Fingerprint | None, ignored: Sequence[str] = ()
) -> tuple[str, ...] | None:
    """Return what changed since *known* without a run; None where nothing can be said.

    *connection* must not be in autocommit mode. Tables that the patterns *ignored* name are left
    out.
    """
    if known is None or known.later_run or known.server_major != server_major(connection):
        return None
    return _changes(connection, known.shape, take_shape(connection), ignored)


def look_at_schema(context: Context) -> SchemaAtStart:
    """Return the schema as a run finds it, and log what changed outside migrations."""
    try:
        with open_connection(context, "sst-fingerprint") as connection:
            start = _compared(connection, context.project.ignored_tables)
    except (SQLAlchemyError, SstError):
        # The run's own connection will say what is wrong.
        return SchemaAtStart()
    if start.finding:
        log.warning("%s", start.finding, extra=IN_RESULT)
    return start


def _hand_on_or_patch(
    context: Context, ledger: Connection, run_id: str, start: SchemaAtStart
) -> None:
    if start.known is None or start.known.later_run:
        return
    try:
        shape = _shape_now(context, run_id) if start.shape is not None else None
        if start.shape is None or shape == start.shape:
            hand_on(ledger, start.known.run_id, run_id)
        elif shape is not None:
            kept = patched(start.known.shape, start.shape, shape)
            store_fingerprint(ledger, run_id, kept, start.known.server_major)
    except (SQLAlchemyError, SstError) as error:
        _log_unkept(run_id, error)


def _changes(
    connection: Connection, before: Shape, after: Shape, ignored: Sequence[str]
) -> tuple[str, ...]:
    default = connection.dialect.default_schema_name or "public"
    return changes(*(without(each, ignored, default) for each in (before, after)))


def _compared(connection: Connection, ignored: Sequence[str]) -> SchemaAtStart:
    known = read_fingerprint(connection)
    if known is None or known.later_run or known.server_major != server_major(connection):
        return SchemaAtStart(known)
    try:
        shape = take_shape(connection)
    except SQLAlchemyError:
        # Somebody is changing a table right now.
        return SchemaAtStart(known)
    return SchemaAtStart(known, shape, _changes(connection, known.shape, shape, ignored))


def _shape_now(context: Context, run_id: str) -> Shape:
    with open_connection(context, f"sst-fingerprint {run_id}") as connection:
        return take_shape(connection)


def _log_unkept(run_id: str, error: Exception) -> None:
    log.warning("no fingerprint of the schema after run %s: %s", run_id, first_line(error))
