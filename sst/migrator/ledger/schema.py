"""The ledger's tables: what they are, and how an older ledger is brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.db.advice import advice_for
from sst.db.server_errors import server_message, sqlstate_of
from sst.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# Each statement may be repeated; a later version of the ledger appends to the list.
DEFINITION = (
    "create schema if not exists migrator",
    """create table if not exists migrator.run (
        id text primary key,
        command text not null,
        target text not null,
        environment text not null,
        version_table text not null,
        from_heads text[] not null,
        to_heads text[] not null,
        os_user text not null,
        db_role text not null default current_user,
        host text not null,
        pid integer not null,
        backend_pid integer not null,
        backend_start timestamptz not null,
        app_version text not null,
        git_commit text not null,
        plugins jsonb not null,
        started_at timestamptz not null default clock_timestamp(),
        finished_at timestamptz,
        outcome text not null default 'running' check (outcome in
            ('running', 'succeeded', 'failed', 'refused', 'unhealthy', 'interrupted')),
        error jsonb,
        backup jsonb)""",
    """create table if not exists migrator.step (
        run_id text not null references migrator.run on delete cascade,
        position integer not null,
        revision text not null,
        direction text not null,
        checksum text not null,
        started_at timestamptz not null default clock_timestamp(),
        duration_ms integer,
        attempts integer not null default 1,
        outcome text not null default 'running' check (outcome in
            ('running', 'applied', 'failed', 'interrupted')),
        primary key (run_id, position))""",
    "create index if not exists run_started_at on migrator.run (started_at desc)",
    "create index if not exists step_revision on migrator.step (revision, started_at desc)",
    "alter table migrator.step add column if not exists blockers jsonb not null default '[]'",
    "alter table migrator.run add column if not exists hooks jsonb not null default '[]'",
    "alter table migrator.run add column if not exists warnings jsonb not null default '[]'",
    # Whose revision it is; null for the project's own.
    "alter table migrator.step add column if not exists plugin text",
    "alter table migrator.step add column if not exists branch text",
    """create table if not exists migrator.fingerprint (
        only_one boolean primary key default true check (only_one),
        run_id text not null,
        taken_at timestamptz not null default clock_timestamp(),
        server_major integer not null,
        objects jsonb not null)""",
    # The last run since, when it left the schema as it was.
    "alter table migrator.fingerprint add column if not exists handed_on_to text",
    # Which gate of which plugin a run waits for, and since when.
    "alter table migrator.run add column if not exists gate jsonb",
    # What plugins have noted, by plugin and key.
    "alter table migrator.run add column if not exists notes jsonb not null default '{}'",
    # Whether the code was more than its commit; null where that is not known.
    "alter table migrator.run add column if not exists git_dirty boolean",
    # The server's messages to a revision, and how many more there were.
    "alter table migrator.step add column if not exists notices jsonb not null default '[]'",
    "alter table migrator.step add column if not exists notices_left_out int not null default 0",
    # The trace that the run is in; null where traces are off.
    "alter table migrator.run add column if not exists trace_id text",
    # The fingerprint of each schema that is migrated as a database of its own.
    """create table if not exists migrator.schema_fingerprint (
        schema_name text primary key,
        run_id text not null,
        taken_at timestamptz not null default clock_timestamp(),
        server_major integer not null,
        objects jsonb not null,
        handed_on_to text)""",
    # The one schema that the run was of; null for the whole database.
    "alter table migrator.run add column if not exists schema_name text",
)

# `backend_start` is hidden from a role without pg_read_all_stats.
IS_AT_WORK = """(r.outcome = 'running' and exists (
    select 1 from pg_stat_activity a where a.pid = r.backend_pid
    and coalesce(a.backend_start, r.backend_start) = r.backend_start))"""
"""Whether the run `r` still has the session of its lock."""

# An ALTER TABLE waits for whoever reads the table, such as a dump: only when there is need,
# and not for ever. `IF NOT EXISTS` is no protection from a second session that creates the same
# thing at the same moment (runs of two projects in one database): one is in here at a time.
_NO_RIGHT = "42501"
_LOCK_TIMEOUT = "10s"
_LOCK = "select pg_advisory_lock(hashtextextended('ledger of migrate.py', 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended('ledger of migrate.py', 0))"
_IS_THERE = text("select to_regnamespace('migrator') is not null")
_MAY_WRITE = text("""
    select bool_and(has_table_privilege(name, 'insert') and has_table_privilege(name, 'update'))
    from unnest(array['migrator.run', 'migrator.step', 'migrator.fingerprint',
        'migrator.schema_fingerprint']) name
    where to_regclass(name) is not null
""")
_IS_OWNER = text("""
    select bool_and(pg_has_role(relowner, 'usage')) from pg_class
    where relnamespace = 'migrator'::regnamespace and relkind = 'r'
""")
_VERSION = text("""
    select substring(obj_description(n.oid, 'pg_namespace') from 'ledger version (\\d+)')::int
    from pg_namespace n where n.nspname = 'migrator'
      -- the comment stays when somebody drops a table
      and to_regclass('migrator.run') is not null and to_regclass('migrator.step') is not null
      and to_regclass('migrator.fingerprint') is not null
      and to_regclass('migrator.schema_fingerprint') is not null
""")


def bring_up_to_date(connection: Connection) -> None:
    """Run the definition, repeatable statements that are only ever appended to.

    The schema's comment says how many of them were run: none runs again when that is all of them.
    *connection* must be in autocommit mode.
    Raises `RefusedError` when the role may not, or when somebody holds a table for too long.
    """
    try:
        if _is_up_to_date(connection):
            return
        connection.exec_driver_sql(f"set lock_timeout = '{_LOCK_TIMEOUT}'")
        connection.exec_driver_sql(_LOCK)
        try:
            if not _is_up_to_date(connection):
                _define(connection)
        finally:
            connection.exec_driver_sql(_UNLOCK)
        connection.exec_driver_sql("reset lock_timeout")
    except DBAPIError as error:
        advice = advice_for(error, _role(connection)) or "correct what it says"
        owner = "; or let the owner of the schema migrator run the next upgrade"
        raise RefusedError(
            what="The record of this run cannot be written.",
            why=server_message(error),
            next_step=advice + (owner if sqlstate_of(error) == _NO_RIGHT else ""),
        ) from error


def _role(connection: Connection) -> str:
    """Return the role of *connection*, as the driver knows it: the server has just refused."""
    driver = connection.connection.driver_connection
    return str(driver.info.user) if driver is not None and not connection.closed else "ROLE"


def is_writable(connection: Connection) -> bool:
    """Say whether the role may write rows, and need not change the tables before."""
    return bool(connection.execute(_MAY_WRITE).scalar()) and (
        _is_up_to_date(connection) or bool(connection.execute(_IS_OWNER).scalar())
    )


def _is_up_to_date(connection: Connection) -> bool:
    return (connection.execute(_VERSION).scalar() or 0) >= len(DEFINITION)


def _define(connection: Connection) -> None:
    # IF NOT EXISTS asks for the right to create, which the schema's owner may not have.
    is_there = connection.execute(_IS_THERE).scalar()
    statements = DEFINITION[1:] if is_there else DEFINITION
    version = f"comment on schema migrator is 'ledger version {len(DEFINITION)}'"
    # One text is one transaction: all of it or nothing, and one wait for the disk.
    connection.exec_driver_sql(";\n".join((*statements, version)))
