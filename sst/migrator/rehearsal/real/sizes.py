"""Rows and bytes of the real tables, beside what was seen on a copy that has none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.hooks.contract.plan.lock_modes import NOTHING
from sst.migrator.schema.estimated_rows import ESTIMATED_ROWS
from sst.migrator.session.connections import open_connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.values.context import Context

# A partitioned table is its leaves, an index counts for its table. The size of a table takes a
# lock on it for a moment; what another session has locked is not waited for.
_SIZES = text(f"""
    with wanted as (
        select name, coalesce(i.indrelid, to_regclass(name)) as oid
        from unnest(cast(:names as text[])) as name
        left join pg_index i on i.indexrelid = to_regclass(name)
    ), parts as (
        select w.name, w.oid as whole, coalesce(t.relid, w.oid) as oid
        from wanted w left join lateral pg_partition_tree(w.oid) t on t.isleaf
        where w.oid is not null
    )
    select p.name, cast(p.whole as bigint),
        {ESTIMATED_ROWS},
        cast(sum(pg_total_relation_size(c.oid)) as bigint),
        (select cast(w.relkind as text) from pg_class w where w.oid = p.whole)
    from parts p join pg_class c on c.oid = p.oid and c.relkind <> 'p'
    group by p.name, p.whole
""")  # noqa: S608 - nothing of it comes from outside
_LIMITS = (
    "set transaction read only; set local statement_timeout = 5000; set local lock_timeout = 500"
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a real table is; an index counts for its table."""

    number: int
    rows: int | None
    """None when it is not known."""
    bytes: int
    kind: str
    """As `pg_class.relkind` has it."""


def with_sizes(
    context: Context, found: Mapping[str, tuple[Statement, ...]]
) -> dict[str, tuple[Statement, ...]]:
    """Return *found*, the statements by revision, with rows and bytes of the real tables.

    They are those of the tables that a statement scans or writes anew, else of those on which it
    keeps others waiting. Raises `DatabaseUnreachableError`.
    """
    names = {name for each in found.values() for one in each for name in _concerned(one)}
    if not names:
        return dict(found)
    with open_connection(context, "sst-inspect") as connection:
        sizes = sizes_of(connection, names)
    return {
        revision: tuple(_with_size(one, sizes) for one in each) for revision, each in found.items()
    }


def sizes_of(connection: Connection, names: Iterable[str]) -> dict[str, Size]:
    """Return the size of each table of *names* that is there, or of the table of an index."""
    try:
        connection.exec_driver_sql(_LIMITS)
        rows = connection.execute(_SIZES, {"names": sorted(names)}).all()
    except DBAPIError:
        return {}
    finally:
        connection.rollback()
    return {row[0]: Size(*row[1:]) for row in rows}


def _concerned(statement: Statement) -> tuple[str, ...]:
    named = (*statement.scans, *statement.rewrites)
    return named or tuple(lock.relation for lock in statement.locks if lock.blocks != NOTHING)


def _with_size(statement: Statement, sizes: Mapping[str, Size]) -> Statement:
    found = {sizes[name].number: sizes[name] for name in _concerned(statement) if name in sizes}
    if not found:
        return statement
    known = [each.rows for each in found.values() if each.rows is not None]
    return replace(
        statement,
        rows=sum(known) if len(known) == len(found) else None,
        bytes=sum(each.bytes for each in found.values()),
    )
