"""A new revision's operations in words, and those that look like a rename."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.operations import ops
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import SQLAlchemyError

from sst.bridge.models.differences import dotted, dropped
from sst.bridge.models.enum_labels import AddLabels
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.types import TypeEngine

    Operations = Iterable[ops.MigrateOperation]

_DIALECT = PGDialect()  # type: ignore[no-untyped-call]
_CONSTRAINTS = {
    ops.CreateUniqueConstraintOp: "unique constraint",
    ops.CreateForeignKeyOp: "foreign key",
    ops.CreateCheckConstraintOp: "check",
    ops.CreatePrimaryKeyOp: "primary key",
}


def in_words(operations: Operations) -> Iterator[str]:
    """Yield a line for each of *operations*, those inside another one too."""
    for each in flat(operations):
        drops = [f"drops {what}" for what in dropped([each])]
        yield from drops or _added(each) or [_other(each)]


def flat(operations: Operations) -> Iterator[ops.MigrateOperation]:
    """Yield *operations*, those inside another one in its place."""
    for each in operations:
        if isinstance(each, ops.OpContainer):
            yield from flat(each.ops)
        else:
            yield each


def renames(operations: Operations) -> Iterator[str]:
    """Yield what *operations* drop and add with the same types: it may have a new name only."""
    found = list(flat(operations))
    yield from _renamed_tables(found)
    gone = [each for each in found if isinstance(each, ops.DropColumnOp)]
    come = [each for each in found if isinstance(each, ops.AddColumnOp)]
    for old in gone:
        for new in come:
            if _table(old) == _table(new) and _same(old.to_column(), new.column):
                names = f"'{old.column_name}', new_column_name='{new.column.name}'"
                schema = f", schema='{old.schema}'" if old.schema else ""
                yield (
                    f"is that a rename? {_table(old)}.{old.column_name} goes and "
                    f"{new.column.name} comes with the same type: "
                    f"`op.alter_column('{old.table_name}', {names}{schema})` keeps the values"
                )


def type_text(kind: TypeEngine[Any]) -> str:
    """Return *kind* as PostgreSQL calls it."""
    try:
        return kind.compile(dialect=_DIALECT)
    except (SQLAlchemyError, NotImplementedError):
        return repr(kind)


def _renamed_tables(found: list[ops.MigrateOperation]) -> Iterator[str]:
    for old in (each for each in found if isinstance(each, ops.DropTableOp)):
        columns = [*old.to_table().columns]
        for new in (each for each in found if isinstance(each, ops.CreateTableOp)):
            others = [each for each in new.columns if isinstance(each, Column)]
            # An older table has the columns that were added later at its end.
            if _columns(columns) == _columns(others) and old.schema == new.schema:
                schema = f", schema='{old.schema}'" if old.schema else ""
                yield (
                    f"is that a rename? table {_table(old)} goes and {_table(new)} comes with "
                    f"the same columns: `op.rename_table('{old.table_name}', "
                    f"'{new.table_name}'{schema})` keeps the rows"
                )


def _columns(columns: list[Column[Any]]) -> list[tuple[str, str]]:
    return sorted((each.name, type_text(each.type)) for each in columns)


def _same(old: Column[Any], new: Column[Any]) -> bool:
    return type_text(old.type) == type_text(new.type)


def _added(each: ops.MigrateOperation) -> list[str]:
    """Return the line of what *each* adds or changes; nothing for a kind that we do not know."""
    if isinstance(each, ops.AlterColumnOp):
        return list(_altered(each))
    if isinstance(each, AddLabels):
        return [f"adds a label: {statement}" for statement in each.statements]
    what = _thing(each)
    return [f"adds {what}"] if what else []


def _thing(each: ops.MigrateOperation) -> str:
    """Return what *each* adds; nothing for other operations."""
    if isinstance(each, ops.CreateTableOp):
        count = sum(isinstance(column, Column) for column in each.columns)
        return f"table {_table(each)} ({counted(count, 'column')})"
    if isinstance(each, ops.AddColumnOp):
        null = "" if each.column.nullable else ", not null"
        return f"column {_table(each)}.{each.column.name} ({type_text(each.column.type)}{null})"
    if isinstance(each, ops.CreateIndexOp):
        unique = "unique " if each.unique else ""
        columns = ", ".join(str(getattr(one, "name", one)) for one in each.columns)
        return f"{unique}index {each.index_name} on {_table(each)} ({columns})"
    return _constraint(each)


def _constraint(each: ops.MigrateOperation) -> str:
    words = next((words for kind, words in _CONSTRAINTS.items() if isinstance(each, kind)), "")
    if not words:
        return ""
    table = dotted(
        getattr(each, "source_schema", None) or getattr(each, "schema", None),
        getattr(each, "source_table", None) or getattr(each, "table_name", None),
    )
    return " ".join(filter(None, [words, getattr(each, "constraint_name", ""), f"of {table}"]))


def _altered(each: ops.AlterColumnOp) -> Iterator[str]:
    column = f"{_table(each)}.{each.column_name}"
    if each.modify_type is not None:
        old = f"from {type_text(each.existing_type)} " if each.existing_type is not None else ""
        yield f"changes type of {column} {old}to {type_text(each.modify_type)}"
    if each.modify_nullable is not None:
        yield f"makes {column} {'nullable' if each.modify_nullable else 'not null'}"
    if each.modify_server_default is not False:
        is_gone = each.modify_server_default is None
        yield (
            f"takes the server default of {column} away"
            if is_gone
            else (f"changes the server default of {column}")
        )
    if each.modify_comment is not False:
        yield f"changes the comment of {column}"
    if each.modify_name is not None:
        yield f"renames {column} to {each.modify_name}"


def _other(each: ops.MigrateOperation) -> str:
    sql = getattr(each, "sqltext", None)
    if sql is not None:
        return f"runs {' '.join(str(sql).split())}"
    name = type(each).__name__.removesuffix("Op")
    return " ".join(filter(None, [name, _table(each)]))


def _table(each: ops.MigrateOperation) -> str:
    return dotted(getattr(each, "schema", None), getattr(each, "table_name", None))
