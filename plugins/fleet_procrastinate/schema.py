"""The tables of the queue, and whether they are the right ones.

Nothing in a queue is worth keeping once no job is in it, for the truth about a database is its own
record: tables of another release are not migrated but made anew.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sst.hooks import ConfigError, Problem, Veto

from .database import SCHEMA, connect, telling
from .settings import SETTING
from .statements import IS_ANY_AT_WORK, TABLES

if TYPE_CHECKING:
    from typing import Any

    from psycopg import Connection

    from sst.hooks import DatabaseUrl

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('sst_fleet setup'))"


def require_schema(url: DatabaseUrl) -> None:
    """Return where the tables of this release are at *url*.

    Raises `ConfigError` where they are not, `DatabaseUnreachableError` where nobody answers.
    """
    with telling(url), connect(url) as connection:
        found = _fingerprint_in(connection)
    if found != _fingerprint():
        lacks = "has no tables of the queue" if found is None else "has tables of another release"
        problem = Problem(SETTING, f"the database {url.name} {lacks}", "")
        raise ConfigError([problem], "make the tables: `python migrate.py fleet setup`")


def make_schema(url: DatabaseUrl) -> bool:
    """Make the tables at *url*; return whether there was anything to do.

    Raises `Veto` where jobs are in the tables of another release.
    """
    from psycopg.sql import SQL, Identifier

    with telling(url), connect(url) as connection, connection.transaction():
        connection.execute(_ONE_AT_A_TIME)
        found = _fingerprint_in(connection)
        if found == _fingerprint():
            return False
        if found is not None:
            _refuse_while_at_work(connection)
        schema = Identifier(SCHEMA)
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        connection.execute(SQL("CREATE SCHEMA {}").format(schema))
        connection.execute(SQL("SET LOCAL search_path TO {}").format(schema))
        connection.execute(_procrastinate())
        connection.execute(TABLES)
        connection.execute("INSERT INTO setup VALUES (%s)", [_fingerprint()])
    return True


def _fingerprint_in(connection: Connection[Any]) -> str | None:
    """Return what the tables are made from; None where there are none."""
    [there] = connection.execute("SELECT to_regclass('sst_fleet.setup')").fetchone() or [None]
    if there is None:
        return None
    row = connection.execute("SELECT fingerprint FROM sst_fleet.setup").fetchone()
    return str(row[0]) if row else ""


def _refuse_while_at_work(connection: Connection[Any]) -> None:
    [jobs] = connection.execute(IS_ANY_AT_WORK).fetchone() or [0]
    if jobs:
        reason = f"the queue's tables are of another release, and {jobs} jobs are in them"
        raise Veto(reason, "let the rollout end, or drop the schema sst_fleet")


def _procrastinate() -> bytes:
    from procrastinate.schema import SchemaManager

    return SchemaManager.get_schema().encode()


def _fingerprint() -> str:
    return hashlib.sha256(_procrastinate() + TABLES.encode()).hexdigest()
