"""The shape of a table: columns, constraints and unique indexes by their numbers.

Numbers tell what was renamed, and what only looks like something that was there before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

# A foreign key to a partitioned table has one more constraint for each partition.
_TABLES = """
select c.oid::bigint, json_build_object(
    'name', quote_ident(n.nspname) || '.' || quote_ident(c.relname),
    'parents', (select json_agg(h.inhparent::bigint) from pg_inherits h where h.inhrelid = c.oid),
    'columns', (select json_object_agg(a.attnum, json_build_array(
        a.attname, a.atttypid::bigint, a.atttypmod, a.attcollation::bigint, a.attnotnull,
        a.atthasdef or a.atthasmissing or a.attidentity <> '' or t.typdefault is not null))
        from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'constraints', (select json_object_agg(k.oid, json_build_array(
        k.conname, k.contype, k.convalidated, k.conkey))
        from pg_constraint k left join pg_constraint p on p.oid = k.conparentid
        where k.conrelid = c.oid and k.contype in ('c', 'f', 'n', 'p', 'u', 'x')
            and p.conrelid is distinct from k.conrelid),
    'indexes', (select json_object_agg(i.indexrelid, json_build_array(
        r.relname, 'i', i.indisvalid, string_to_array(i.indkey::text, ' ')::integer[]))
        from pg_index i join pg_class r on r.oid = i.indexrelid
        where i.indrelid = c.oid and i.indisunique
            and not exists (select from pg_constraint k where k.conindid = i.indexrelid
                and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')))
    )::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.oid >= 16384 and n.nspname !~ '^pg_'
"""
_SOME = " and c.oid = any (array[{numbers}]::oid[])"
# An index as a constraint of its columns would be written; the collation 100 is the database's.
_TEXTS = """
select 'constraint', k.oid::bigint, 0, pg_get_constraintdef(k.oid) from pg_constraint k
where k.oid = any (array[{constraint}]::oid[])
union all
select 'index', i.indexrelid::bigint, 0, 'UNIQUE'
    || case when to_jsonb(i) ->> 'indnullsnotdistinct' = 'true' then ' NULLS NOT DISTINCT'
        else '' end
    || ' (' || (select string_agg(pg_get_indexdef(i.indexrelid, k, false)
        || coalesce((select ' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname)
            from pg_collation c join pg_namespace n on n.oid = c.collnamespace
            where c.oid = i.indcollation[k - 1] and c.oid <> coalesce((select a.attcollation
                from pg_attribute a where a.attrelid = i.indrelid and a.attnum > 0
                    and a.attnum = i.indkey[k - 1]), 100)), ''), ', ' order by k)
        from generate_series(1, i.indnkeyatts) k)
    || ')' || coalesce(' WHERE (' || pg_get_expr(i.indpred, i.indrelid) || ')', '')
from pg_index i where i.indexrelid = any (array[{index}]::oid[])
union all
select 'type', a.attrelid::bigint, a.attnum::integer, format_type(a.atttypid, a.atttypmod)
from pg_attribute a where a.attrelid = any (array[{type}]::oid[]) and a.attnum > 0
"""

TextKey = tuple[str, int, int]
"""`constraint`, `index` or `type`, the number, and that of a table's column."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    type: tuple[int, int]
    """Its number and its modifier."""
    collation: int
    """By which values are compared; 0 where there is none."""
    is_not_null: bool
    has_value: bool
    """Whether it had a value in each row at once when it was added."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A constraint, or a unique index that belongs to none."""

    name: str
    kind: str
    """As `pg_constraint.contype` has it; `i` is an index."""
    is_valid: bool
    columns: tuple[int, ...]
    """0 for an expression."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table at one moment."""

    name: str
    parents: tuple[int, ...]
    columns: Mapping[int, Column]
    rules: Mapping[int, Rule]
    """Constraints and indexes."""


def tables(connection: Connection, numbers: Iterable[int] | None = None) -> dict[int, str]:
    """Return the tables of *connection*'s database by number, or those of *numbers*, as JSON."""
    some = "" if numbers is None else _SOME.format(numbers=_joined(numbers))
    return {row[0]: row[1] for row in connection.exec_driver_sql(_TABLES + some)}


def table_of(text: str) -> Table:
    """Return what `tables` has as JSON."""
    found: dict[str, Any] = json.loads(text)
    columns = {
        int(number): Column(name, (type_, modifier), collation, not_null, value)
        for number, (name, type_, modifier, collation, not_null, value) in (
            found["columns"] or {}
        ).items()
    }
    rules = {
        int(number): Rule(name, kind, valid, tuple(keys or ()))
        for key in ("constraints", "indexes")
        for number, (name, kind, valid, keys) in (found[key] or {}).items()
    }
    return Table(found["name"], tuple(found["parents"] or ()), columns, rules)


def definitions(
    connection: Connection, keys: Iterable[TextKey], *, is_open: bool
) -> dict[TextKey, str]:
    """Return the definitions of *keys*, with the schema of every name in them.

    *is_open* says whether *connection* is in a transaction, whose settings stay as they are.
    """
    listed = list(keys)
    wanted = {kind: {key[1] for key in listed if key[0] == kind} for kind in _TEXT_KINDS}
    question = _TEXTS.format(**{kind: _joined(each) for kind, each in wanted.items()})
    begin, end = _INSIDE if is_open else _ALONE
    connection.exec_driver_sql(begin)
    try:
        connection.exec_driver_sql("set local search_path = ''")
        rows = connection.exec_driver_sql(question).all()
    finally:
        connection.exec_driver_sql(end)
    return {(row[0], row[1], row[2]): row[3] for row in rows}


_INSIDE = ("savepoint sst_definitions", "rollback to savepoint sst_definitions")
_ALONE = ("begin", "rollback")
_TEXT_KINDS = ("constraint", "index", "type")


def _joined(numbers: Iterable[int]) -> str:
    return ", ".join(str(each) for each in sorted(numbers))
