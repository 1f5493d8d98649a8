"""Rows and bytes of the real tables, beside what was seen on a copy that has none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.hooks.contract.plan.lock_modes import NOTHING
from sst.migrator.schema.estimated_rows import ESTIMATED_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from sst.hooks.contract.plan.statement import Statement

# A partitioned table is its leaves, an index counts for its table. The size of a table takes a
# lock on it for a moment; what another session has locked is not waited for.
_SIZES = text(f"""
    with wanted as (
        select name, coalesce(i.indrelid, to_regclass(name)) as oid,
            i.indexrelid is not null as is_index
        from unnest(cast(:names as text[])) as name
        left join pg_index i on i.indexrelid = to_regclass(name)
    ), parts as (
        select w.name, w.oid as whole, w.is_index, coalesce(t.relid, w.oid) as oid
        from wanted w left join lateral pg_partition_tree(w.oid) t on t.isleaf
        where w.oid is not null
    )
    select p.name, cast(p.whole as bigint),
        {ESTIMATED_ROWS},
        cast(sum(pg_total_relation_size(c.oid)) as bigint),
        (select cast(w.relkind as text) from pg_class w where w.oid = p.whole),
        cast(sum(pg_table_size(c.oid)) as bigint), p.is_index,
        (select count(*) from pg_index i where i.indrelid = p.whole),
        array_agg(cast(c.oid as bigint))
    from parts p join pg_class c on c.oid = p.oid and c.relkind <> 'p'
    group by p.name, p.whole, p.is_index
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
    heap_bytes: int
    """Without its indexes."""
    is_index: bool
    """Whether the name was that of an index."""
    indexes: int
    parts: Sequence[int]
    """The numbers of what has its rows: its leaves, or itself."""


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


def concerned(statement: Statement) -> tuple[str, ...]:
    """Return what *statement* scans or writes anew, else that on which it keeps others waiting."""
    named = (*statement.scans, *statement.rewrites)
    return named or tuple(lock.relation for lock in statement.locks if lock.blocks != NOTHING)


def with_size(statement: Statement, sizes: Mapping[str, Size]) -> Statement:
    """Return *statement* with rows and bytes of the tables that it is concerned with."""
    found = {sizes[name].number: sizes[name] for name in concerned(statement) if name in sizes}
    if not found:
        return statement
    counted = _counted_once(found.values())
    known = [each.rows for each in counted if each.rows is not None]
    return replace(
        statement,
        rows=sum(known) if len(known) == len(counted) else None,
        bytes=sum(each.bytes for each in counted),
    )


def _counted_once(sizes: Iterable[Size]) -> list[Size]:
    """Return those of *sizes* that have every row once: partitions are in their table's."""
    counted: list[Size] = []
    seen: set[int] = set()
    for each in sorted(sizes, key=lambda size: len(size.parts), reverse=True):
        if not seen.issuperset(each.parts):
            counted.append(each)
            seen.update(each.parts)
    return counted
