"""Tables outside every comparison: partitions, tables of extensions, those in `ignore_tables`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import MetaData
    from sqlalchemy.engine import Connection

    _Key = tuple[str | None, str]

# A partition has its parent's columns, indexes and constraints: the parent is compared. A table
# that inherits without being a partition can be both, a partition of the old kind and a model.
_TABLES = text("""
    select n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid),
        c.relispartition or exists (
            select 1 from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
              and d.deptype = 'e'),
        exists (select 1 from pg_catalog.pg_inherits i where i.inhrelid = c.oid)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
""")


def leaving_out(
    context: MigrationContext, models: Sequence[MetaData], patterns: Sequence[str]
) -> dict[str, Any]:
    """Return the filters that *context* needs that leave such tables out of the comparison.

    They come before env.py's own `include_name` and `include_object`. A table is left out on both
    sides: a model of it is not missing either.
    *patterns* are shell patterns such as `celery_*`, for tables that are found without a schema,
    or `audit.*`.
    """
    if context.connection is None:
        return {}
    default = context.connection.dialect.default_schema_name or "public"
    declared = {(t.schema, t.name) for metadata in models for t in metadata.tables.values()}
    found = frozenset(_found(context.connection, declared, patterns))

    def is_compared(schema: str | None, name: str) -> bool:
        return (schema, name) not in found and not is_named(
            patterns, schema or default, name, default
        )

    return {
        "include_name": _by_name(is_compared, context.opts.get("include_name")),
        "include_object": _by_object(is_compared, context.opts.get("include_object")),
    }


def is_named(patterns: Iterable[str], schema: str, name: str, visible: str | None) -> bool:
    """Say whether a pattern names the table; one without a schema is for the *visible* one."""
    for pattern in patterns:
        wanted, dot, table = pattern.partition(".")
        if dot and fnmatchcase(schema, wanted) and fnmatchcase(name, table):
            return True
        if not dot and schema == visible and fnmatchcase(name, pattern):
            return True
    return False


def _found(connection: Connection, declared: set[_Key], patterns: Iterable[str]) -> Iterator[_Key]:
    for schema, name, is_visible, is_nobodys, inherits in connection.execute(_TABLES):
        # What the search path leads to goes by its name alone.
        keys: list[_Key] = [(schema, name), *([(None, name)] if is_visible else [])]
        visible = schema if is_visible else None
        is_old_partition = inherits and declared.isdisjoint(keys)
        if is_nobodys or is_old_partition or is_named(patterns, schema, name, visible):
            yield from keys


def _by_name(
    is_compared: Callable[[str | None, str], bool], theirs: Callable[..., bool] | None
) -> Callable[..., bool]:
    def include(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
        if kind == "table" and name and not is_compared(parents.get("schema_name"), name):
            return False
        return theirs is None or theirs(name, kind, parents)

    return include


def _by_object(
    is_compared: Callable[[str | None, str], bool], theirs: Callable[..., bool] | None
) -> Callable[..., bool]:
    def include(thing: Any, name: str | None, kind: str, *more: Any) -> bool:  # noqa: ANN401
        if kind == "table" and not is_compared(thing.schema, thing.name):
            return False
        return theirs is None or theirs(thing, name, kind, *more)

    return include
