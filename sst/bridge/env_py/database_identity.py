"""Which server, database and session a connection really leads to."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_POSTGRESQL = "postgresql"

# Two servers never share a start time to the microsecond; the epoch is free of time zones.
_IDENTITY = text("""
    SELECT extract(epoch FROM pg_postmaster_start_time())::text, oid::text
    FROM pg_database WHERE datname = current_database()
""")
# The schema where the search path finds the table, else the one where it would be created.
_SCHEMA = text("""
    SELECT coalesce(
        (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass(quote_ident(:name))),
        current_schema())::text
""")
UNLIMITED = sys.maxsize
"""More characters than any id has: the column is a text."""
# A varchar's modifier is its length and four.
_ID_LENGTH = text("""
    SELECT CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4
        THEN a.atttypmod - 4 ELSE -1 END
    FROM pg_attribute a
    WHERE a.attname = 'version_num' AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attrelid = to_regclass(
        coalesce(quote_ident(cast(:schema AS text)) || '.', '') || quote_ident(:name))
""")
_SET = text("SELECT set_config(:name, :value, false)")
_PID = text("SELECT pg_backend_pid()")
# Else the statement of a killed run goes on, with its locks; not every system can watch a socket.
_NOTICE_A_DEAD_CLIENT = text("""
    DO $$ BEGIN
        PERFORM set_config('client_connection_check_interval', '500ms', false);
    EXCEPTION WHEN OTHERS THEN NULL;
    END $$
""")


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """A server's start and a database's number: equal means the very same database."""

    server_started: str
    database_oid: str


def identity_of(connection: Connection) -> DatabaseIdentity | None:
    """Return what *connection* is connected to; None when it is no PostgreSQL."""
    if connection.dialect.name != _POSTGRESQL:
        return None
    started, oid = connection.execute(_IDENTITY).one()
    return DatabaseIdentity(started, oid)


def schema_of(connection: Connection, table: str) -> str | None:
    """Return the schema that *table* without a schema means on *connection*."""
    found = connection.execute(_SCHEMA, {"name": table}).scalar()
    return None if found is None else str(found)


def current_schema(connection: Connection) -> str | None:
    """Return the schema in which *connection* creates what has no schema in its name."""
    found: str | None = connection.execute(text("SELECT current_schema()::text")).scalar()
    return found


def id_length(connection: Connection, table: str, schema: str | None) -> int | None:
    """Return how many characters an id in the version table may have, `UNLIMITED` for any number.

    None where there is no such table.
    """
    name = {"name": table, "schema": schema}
    found: int | None = connection.execute(_ID_LENGTH, name).scalar()
    return UNLIMITED if found == -1 else found


def apply_settings(connection: Connection, settings: Mapping[str, str]) -> None:
    """Set each of *settings*, such as `lock_timeout` in ms, for the session of *connection*."""
    for name, value in settings.items():
        connection.execute(_SET, {"name": name, "value": value})


def notice_a_dead_client(connection: Connection) -> None:
    """Let the server process of *connection* end when ours does."""
    connection.execute(_NOTICE_A_DEAD_CLIENT)


def backend_pid(connection: Connection) -> int:
    """Return the server process behind *connection*."""
    return int(connection.execute(_PID).scalar_one())
