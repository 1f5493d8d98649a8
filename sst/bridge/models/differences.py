"""Alembic's difference tuples, and what its operations drop, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.operations import ops
from sqlalchemy import Column, Index, Table
from sqlalchemy.schema import Constraint, ForeignKeyConstraint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MISSING = "is in the models but not in the database"
_SURPLUS = "is in the database but not in the models"
_DROPS = {
    ops.DropTableOp: "table {table} with its rows",
    ops.DropColumnOp: "column {table}.{0.column_name} with its values",
    ops.DropIndexOp: "index {0.index_name} on {table}",
    ops.DropConstraintOp: "constraint {0.constraint_name} of {table}",
}
_MODIFIED = {
    "modify_nullable": "nullable",
    "modify_type": "type",
    "modify_default": "server default",
    "modify_comment": "comment",
}


def described(difference: tuple[Any, ...] | list[Any]) -> Iterator[str]:
    """Yield one line for every difference in *difference*, as `compare_metadata` returns them."""
    if isinstance(difference, list):
        for each in difference:
            yield from described(each)
    elif difference[0] in _MODIFIED:
        yield _modified(difference)
    else:
        yield _added_or_removed(difference)


def dropped(operations: Iterable[ops.MigrateOperation]) -> Iterator[str]:
    """Yield what each of *operations* drops, those inside another one included."""
    for each in operations:
        if isinstance(each, ops.OpContainer):
            yield from dropped(each.ops)
        words = next((words for kind, words in _DROPS.items() if isinstance(each, kind)), "")
        if words:
            table = dotted(getattr(each, "schema", None), getattr(each, "table_name", None))
            yield words.format(each, table=table)


def _modified(difference: tuple[Any, ...]) -> str:
    operation, schema, table, column, _, found, wanted = difference
    what = f"column {dotted(schema, table, column)}: {_MODIFIED[operation]}"
    return f"{what} is {_value(found)} in the database, {_value(wanted)} in the models"


def _added_or_removed(difference: tuple[Any, ...]) -> str:
    operation, *parts = difference
    name = _column(*parts) if operation.endswith("_column") else _named(parts[0])
    if operation.startswith("add_"):
        return f"{name} {_MISSING}"
    if operation.startswith("remove_"):
        return f"{name} {_SURPLUS}"
    return f"{name}: {operation.replace('_', ' ')}"


def _column(schema: str | None, table: str, column: Column[Any]) -> str:
    return f"column {dotted(schema, table, column.name)}"


def _named(thing: object) -> str:
    if isinstance(thing, Table):
        return f"table {dotted(thing.schema, thing.name)}"
    if isinstance(thing, Index):
        return f"index {thing.name} on {_table_of(thing)}"
    if isinstance(thing, ForeignKeyConstraint):
        columns = ", ".join(thing.column_keys)
        return f"foreign key {thing.name or ''}({columns}) of {_table_of(thing)}"
    if isinstance(thing, Constraint):
        return f"constraint {thing.name or type(thing).__name__} of {_table_of(thing)}"
    return str(getattr(thing, "name", thing))


def _table_of(thing: Index | Constraint) -> str:
    table = getattr(thing, "table", None)
    return dotted(table.schema, table.name) if isinstance(table, Table) else "its table"


def _value(value: object) -> str:
    argument = getattr(value, "arg", value)
    return "none" if argument is None else str(argument).replace("\n", " ")


def dotted(*names: str | None) -> str:
    """Return *names* as one, those that are missing left out."""
    return ".".join(name for name in names if name)
