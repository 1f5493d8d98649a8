"""The contents of a database: its tables, their rows, its large objects and its heads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..postgres.database_session import Session

# The tables that pg_dump dumps with their rows. Not: another session's temporary tables, and the
# tables of an extension, which CREATE EXTENSION fills. Foreign tables have their rows elsewhere.
_TABLES = r"""
SELECT format('%%I.%%I', n.nspname, c.relname), n.nspname || '.' || c.relname, c.relkind = 'r',
       CASE WHEN c.relkind = 'r' THEN coalesce(pg_catalog.pg_table_size(c.oid), 0) ELSE 0 END,
       c.oid, c.relfilenode
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND %(schema)s IN ('', n.nspname)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass)
                      AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1
"""
# pg_dump has none of them in a dump of one schema.
_LARGE_OBJECTS = "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata WHERE %(schema)s = ''"
_SMALL_BYTES = 1_000_000
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Table:
    """One table, as the catalogue has it."""

    name: str
    """Qualified and quoted."""
    plain_name: str
    """Qualified, without quotes."""
    has_rows: bool
    """False for the head of a partitioned table: its partitions have them."""
    size_bytes: int
    number: int
    """Its oid."""
    file: int
    """Changes when the table is rewritten or truncated; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The counts of a database, and its heads."""

    tables: Mapping[str, int]
    large_objects: int
    heads: tuple[str, ...]


def list_tables(session: Session, schema: str = "") -> tuple[Table, ...]:
    """Return the tables of the session's database, or of *schema*, that a dump holds, by name."""
    return tuple(Table(*row) for row in session.fetch(_TABLES, {"schema": schema}))


def count_all(
    session: Session, tables: Sequence[Table], version_table: str | None, schema: str = ""
) -> Contents:
    """Count the rows of *tables*, the large objects, and read the heads in *version_table*.

    A dump of one *schema* has no large objects.

    The session is in a transaction. Locks on tables and their indexes are given back as it goes:
    a server has room for some thousands.

    Raises `psycopg2.Error`.
    """
    rows = dict(_counted(session, [table for table in tables if table.has_rows]))
    [(large_objects,)] = session.fetch(_LARGE_OBJECTS, {"schema": schema})
    return Contents(rows, large_objects, _heads(session, tables, version_table))


def _counted(session: Session, tables: Sequence[Table]) -> Iterator[tuple[str, int]]:
    """Count large tables one by one, small ones many in a question: it is the trips that cost."""
    small = [table.name for table in tables if table.size_bytes <= _SMALL_BYTES]
    large = [table.name for table in tables if table.size_bytes > _SMALL_BYTES]
    for names in [*([name] for name in large), *_batches(small)]:
        parts = (f"SELECT {n}, count(*) FROM ONLY {name}" for n, name in enumerate(names))  # noqa: S608 - quoted
        session.execute("SAVEPOINT counting")
        for n, count in session.fetch(" UNION ALL ".join(parts)):
            yield names[n], count
        session.execute("ROLLBACK TO SAVEPOINT counting")


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _BATCH] for start in range(0, len(names), _BATCH))


def _heads(
    session: Session, tables: Sequence[Table], version_table: str | None
) -> tuple[str, ...]:
    for table in tables:
        if table.plain_name == version_table:
            question = f"SELECT version_num FROM {table.name} ORDER BY 1"  # noqa: S608 - quoted
            return tuple(str(row[0]) for row in session.fetch(question))
    return ()
