"""The fingerprint of the schema that the last run left, kept beside the ledger.

It belongs to the database, not to one history: what another application's run did to the schema
is no change outside migrations.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.errors import AppError
from app.migrator.catalogue import changes, server_major, take_shape
from app.migrator.connections import open_connection

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from app.migrator.catalogue import Shape
    from app.migrator.context import Context

log = logging.getLogger("sst.migrate")

_DEFINITION = """create table if not exists migrator.fingerprint (
    only_one boolean primary key default true check (only_one),
    run_id text not null,
    taken_at timestamptz not null default clock_timestamp(),
    server_major integer not null,
    objects jsonb not null)"""
_STORE = text("""
    insert into migrator.fingerprint (run_id, server_major, objects)
    values (:run_id, :server_major, cast(:objects as jsonb))
    on conflict (only_one) do update set run_id = excluded.run_id,
        taken_at = clock_timestamp(), server_major = excluded.server_major,
        objects = excluded.objects
""")
_HAND_ON = text("update migrator.fingerprint set run_id = :run_id where run_id = :known")
_EXISTS = text("select to_regclass('migrator.fingerprint') is not null")
# A run that was killed, or whose end could not be written, left the schema somewhere else.
_READ = text("""
    select f.run_id, f.server_major, f.objects, (
        select r.id from migrator.run r
        where r.started_at > coalesce(
                (select l.started_at from migrator.run l where l.id = f.run_id), f.taken_at)
          and r.id <> f.run_id and r.outcome <> 'refused'
        order by r.started_at desc limit 1)
    from migrator.fingerprint f
""")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The schema as a run left it."""

    run_id: str
    server_major: int
    shape: Shape
    later_run: str | None
    """A run that has begun since and left no fingerprint: then nothing can be said."""


def read_fingerprint(connection: Connection) -> Fingerprint | None:
    """Return the last fingerprint; None where there is none."""
    if not connection.execute(_EXISTS).scalar():
        return None
    row = connection.execute(_READ).first()
    return Fingerprint(*row) if row else None


def store_fingerprint(ledger: Connection, run_id: str, shape: Shape, major: int) -> None:
    """Keep *shape* as what *run_id* left; *ledger* is in autocommit mode and may write there."""
    if not ledger.execute(_EXISTS).scalar():
        ledger.exec_driver_sql(_DEFINITION)
    row = {"run_id": run_id, "server_major": major, "objects": json.dumps(shape)}
    ledger.execute(_STORE, row)


def hand_on(ledger: Connection, known_id: str, run_id: str) -> None:
    """Let the fingerprint that *known_id* left be that of *run_id*, which changed no schema."""
    ledger.execute(_HAND_ON, {"known": known_id, "run_id": run_id})


def remember_schema(context: Context, ledger: Connection, run_id: str) -> None:
    """Keep the schema as it is now as what *run_id* left; a run does not fail for it."""
    try:
        with open_connection(context, f"sst-fingerprint {run_id}") as connection:
            shape, major = take_shape(connection), server_major(connection)
        store_fingerprint(ledger, run_id, shape, major)
    except (SQLAlchemyError, AppError) as error:
        reason = next(iter(str(getattr(error, "orig", error)).splitlines()), "")
        log.warning("no fingerprint of the schema after run %s: %s", run_id, reason)


def outside_changes(connection: Connection, known: Fingerprint | None) -> tuple[str, ...] | None:
    """Return what changed since *known* without a run; None where nothing can be said.

    *connection* must not be in autocommit mode.
    """
    if known is None or known.later_run or known.server_major != server_major(connection):
        return None
    return changes(known.shape, take_shape(connection))


def warn_of_changes(context: Context) -> None:
    """Log what changed outside migrations: the run that begins takes it for the schema's own."""
    try:
        with open_connection(context, "sst-fingerprint") as connection:
            known = read_fingerprint(connection)
            found = outside_changes(connection, known)
    except (SQLAlchemyError, AppError):
        # The run's own connection will say what is wrong.
        return
    if known and found:
        log.warning("changed outside migrations since run %s: %s", known.run_id, "; ".join(found))
