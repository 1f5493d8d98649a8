"""Concurrent index statements, and the INVALID indexes that they leave when they fail.

An invalid index serves no query, costs every write, and `IF NOT EXISTS` takes it for done.
Source: PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from sst.db.engine import own_schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SPACE = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_CONCURRENT = re.compile(
    rf"{_SPACE}(create|drop|reindex)\b.*?\bconcurrently\b", re.IGNORECASE | re.DOTALL
)
_CREATE = re.compile(
    rf"{_SPACE}create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?"
    rf"(?P<index>{_NAME})\s+on\s+(?:only\s+)?(?P<table>{_NAME}(?:\.{_NAME})?)",
    re.IGNORECASE,
)

# An index that is being built is not yet valid and not broken either. Only the number of the
# building process is for everybody to see; the lock says which table it is at work on.
# An index on a partitioned table ('I') is invalid until every partition has its own: no failure.
_INVALID = """
    select c.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
        c.relname::text, i.indrelid::regclass::text
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid and c.relkind = 'i' and c.relpersistence <> 't'
      and n.nspname <> 'pg_toast' and cast(:schema as text) in ('', n.nspname)
      and not exists (
        select 1 from pg_stat_progress_create_index p
        join pg_locks l on l.pid = p.pid
        where l.locktype = 'relation' and l.relation = i.indrelid and l.granted
          and l.database = (select oid from pg_database where datname = current_database()))
"""
_ALL = text(f"{_INVALID} order by 2")
_SAME_NAME = text(f"{_INVALID} and c.relname = :name and i.indrelid = to_regclass(:table)")


@dataclass(frozen=True, slots=True)
class InvalidIndex:
    """An index that a failed concurrent statement left behind."""

    oid: int
    qualified_name: str
    """Schema and name, quoted as SQL wants them."""
    name: str
    table: str

    def __str__(self) -> str:
        """Return which one it is, in one phrase."""
        return f"{self.qualified_name} on {self.table}"


def is_concurrent(statement: str) -> bool:
    """Say whether *statement* creates, drops or rebuilds an index concurrently."""
    return _CONCURRENT.match(statement) is not None


def leaves_invalid(statement: str) -> bool:
    """Say whether *statement*, when it fails, may leave an index that is of no use.

    A failed concurrent drop leaves one too, which its next run drops.
    """
    match = _CONCURRENT.match(statement)
    return match is not None and match[1].lower() != "drop"


def built_name(statement: str) -> str | None:
    """Return the name of the index that *statement* builds; None when the server chooses it."""
    match = _CREATE.match(statement)
    return _unquoted(match["index"]) if match else None


def invalid_indexes(connection: Connection) -> tuple[InvalidIndex, ...]:
    """Return the database's invalid indexes, those aside that are being built.

    Of a connection for one schema they are those in it.
    """
    rows = connection.execute(_ALL, {"schema": own_schema(connection)})
    return tuple(InvalidIndex(*row) for row in rows)


def drop_concurrently(connection: Connection, index: InvalidIndex) -> None:
    """Drop *index*; no reader and no writer waits. *connection* must be in autocommit mode."""
    connection.exec_driver_sql(f"drop index concurrently if exists {index.qualified_name}")


def find_in_the_way(connection: Connection, statement: str) -> InvalidIndex | None:
    """Return the invalid index that has the name which *statement* is about to build."""
    match = _CREATE.match(statement)
    if match is None:
        return None
    values = {"name": _unquoted(match["index"]), "table": match["table"], "schema": ""}
    row = connection.execute(_SAME_NAME, values).first()
    return InvalidIndex(*row) if row else None


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
