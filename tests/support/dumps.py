"""A database as lines that can be compared: schema, rows, version, and what pg_dump leaves out.

The order of columns, rows and statements does not count, nor does the ledger: it differs from run
to run by design. What a sequence has handed out is no data: a rolled back revision keeps it.
"""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from plugins.backup.postgres.client_environment import client_environment
from plugins.embedded_postgres.binaries import find_installation
from sst.db.url import DatabaseUrl
from tests.support.server import connect

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

VERSION_TABLE = "alembic_version"
# Some builds of PostgreSQL stamp columns with a number of their own, anew in every database.
_NOISE = re.compile(
    r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*"
    r"|ALTER TABLE .* SET \(pg_attver=\d+\);|)$"
)
_OPTIONS = (
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--exclude-schema=migrator",
    f"--exclude-table={VERSION_TABLE}",
)
_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('migrator', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_%' AND c.relname <> 'alembic_version'
"""
_INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


def dump(url: str) -> frozenset[str]:
    """Return what the database at *url* holds."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        return frozenset([*_schema(url), *_rows(cursor), *_invalid(cursor), *_version(cursor)])


def _schema(url: str) -> list[str]:
    target = DatabaseUrl(url)
    done = subprocess.run(
        [find_installation().program("pg_dump"), *_OPTIONS, f"--dbname={target.libpq_place()}"],
        env=client_environment(target),
        capture_output=True,
        check=True,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if not _NOISE.match(line)]
    return [_normal(each) for each in "\n".join(lines).split(";\n")]


def _normal(statement: str) -> str:
    """Return *statement* in one line, the columns of a table sorted by name."""
    head, *columns = statement.removesuffix(";").split("\n")
    return " ".join([head, *sorted(column.strip().rstrip(",") for column in columns)])


def _rows(cursor: Cursor) -> list[str]:
    cursor.execute(_TABLES)
    found = []
    for (table,) in cursor.fetchall():
        cursor.execute(f"SELECT to_jsonb(t), count(*) FROM {table} t GROUP BY 1")  # noqa: S608 - a regclass
        rows = cursor.fetchall()
        found += [f"{table} {count} x {json.dumps(row, sort_keys=True)}" for row, count in rows]
    return found


def _invalid(cursor: Cursor) -> list[str]:
    cursor.execute(_INVALID)
    return [f"invalid index {name}" for (name,) in cursor.fetchall()]


def _version(cursor: Cursor) -> list[str]:
    """Return the version table's rows; that an empty one exists says nothing."""
    cursor.execute(f"SELECT to_regclass('{VERSION_TABLE}')")
    if cursor.fetchall() == [(None,)]:
        return []
    cursor.execute("SELECT version_num FROM alembic_version")
    return [f"at {revision}" for (revision,) in cursor.fetchall()]
