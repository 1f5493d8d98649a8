"""The labels of enum types: compared, and added where a revision can do it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from alembic.autogenerate.render import renderers
from alembic.operations.ops import MigrateOperation
from sqlalchemy import ARRAY, Enum, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy import Column, Table
    from sqlalchemy.engine import Connection
    from sqlalchemy.types import TypeEngine

    _Key = tuple[str | None, str]

_DIALECT = PGDialect()  # type: ignore[no-untyped-call]
_LABELS = text("""
    select n.nspname, t.typname, pg_catalog.pg_type_is_visible(t.oid),
        array_agg(e.enumlabel::text order by e.enumsortorder)
    from pg_catalog.pg_enum e join pg_catalog.pg_type t on t.oid = e.enumtypid
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where not exists (
        select 1 from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid
          and d.deptype = 'e')
    group by t.oid, n.nspname, t.typname
""")
ANOTHER = "alembic_postgresql_enum"
"""A package that brings a comparison of enum types, and operations, of its own."""


class AddLabels(MigrateOperation):
    """Add labels to an enum type that columns of *table* use, by *statements*."""

    def __init__(self, table: Table, statements: Sequence[str]) -> None:
        self.table_name, self.schema = table.name, table.schema
        self.statements = tuple(statements)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return the difference as Alembic's commands print it."""
        return ("add_labels", *self.statements)


def label_differences(
    connection: Connection, columns: Iterable[Column[Any]]
) -> Iterator[tuple[str, Table, AddLabels | None]]:
    """Yield how the enum types of *columns* differ from those on *connection*.

    Each is a line, the first table that uses the type, and what adds the label; None where a
    person has to do it. A type that is missing altogether is a difference of its column.
    """
    wanted: dict[_Key, tuple[Enum, Table]] = {}
    for column in columns:
        kind = enum_of(column.type)
        if kind is not None and kind.name:
            wanted.setdefault((kind.schema, kind.name), (kind, column.table))
    if not wanted or ANOTHER in sys.modules:
        return
    known = dict(known_labels(connection))
    for key, (kind, table) in wanted.items():
        if key in known:
            yield from _compared(kind, table, known[key])


def known_labels(connection: Connection) -> Iterator[tuple[_Key, list[str]]]:
    """Yield the enum types on *connection*, by schema and name, with their labels."""
    for schema, name, is_visible, labels in connection.execute(_LABELS):
        yield (schema, name), labels
        if is_visible:
            yield (None, name), labels


def enum_of(kind: TypeEngine[Any]) -> Enum | None:
    """Return the enum type of the server that *kind* is, or is an array of."""
    while not isinstance(kind, Enum):
        variant = kind._variant_mapping.get("postgresql")  # noqa: SLF001 - what with_variant() keeps
        if variant is not None:
            kind = variant
        elif isinstance(kind, TypeDecorator):
            kind = kind.load_dialect_impl(_DIALECT)
        elif isinstance(kind, ARRAY):
            kind = kind.item_type
        else:
            return None
    return kind if kind.native_enum else None


def _compared(
    kind: Enum, table: Table, found: list[str]
) -> Iterator[tuple[str, Table, AddLabels | None]]:
    wanted = list(kind.enums)
    name = f"{kind.schema}.{kind.name}" if kind.schema else kind.name
    for label, statement in _additions(kind, found):
        line = f"label '{label}' of type {name} is in the models but not in the database"
        yield line, table, AddLabels(table, [statement])
    for label in (each for each in found if each not in wanted):
        yield (
            f"label '{label}' of type {name} is in the database but not in the models",
            table,
            None,
        )
    ours, theirs = [x for x in wanted if x in found], [x for x in found if x in wanted]
    if ours != theirs:
        order = f"{_listed(theirs)} in the database, {_listed(ours)} in the models"
        yield f"labels of type {name}: the order is {order}", table, None


def _additions(kind: Enum, found: list[str]) -> Iterator[tuple[str, str]]:
    """Yield every label that is missing and the statement that adds it in its place."""
    there, wanted = list(found), list(kind.enums)
    name = kind.compile(dialect=_DIALECT)
    for index, label in enumerate(wanted):
        if label in there:
            continue
        later = next((each for each in wanted[index:] if each in there), None)
        if index:
            where, at = f" AFTER {_quoted(wanted[index - 1])}", there.index(wanted[index - 1]) + 1
        else:
            where, at = (f" BEFORE {_quoted(later)}", there.index(later)) if later else ("", 0)
        there.insert(at, label)
        yield label, f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {_quoted(label)}{where}"


def _quoted(label: str) -> str:
    return "'" + label.replace("'", "''") + "'"


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(f"'{label}'" for label in labels)


@renderers.dispatch_for(AddLabels)
def _render(_: AutogenContext, operation: AddLabels) -> list[str]:
    """Return the lines: a label that was added in a transaction cannot be used before its end."""
    # `op.execute` takes a colon for the beginning of a parameter.
    statements = (each.replace(":", "\\:") for each in operation.statements)
    lines = [f"op.execute({statement!r})" for statement in statements]
    return ["with op.get_context().autocommit_block():", *lines, ""]
