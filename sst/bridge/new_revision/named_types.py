"""Enum types that a revision brings: created before all else, dropped last on the way back.

Alembic leaves both out: a column that is added finds no type, a table that goes leaves it behind,
and two tables that share one create it twice (https://github.com/sqlalchemy/alembic/issues/886).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alembic.operations import ops
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.named_types import CreateEnumType, DropEnumType

from sst.bridge.models.enum_labels import ANOTHER, enum_of, known_labels
from sst.bridge.new_revision.in_words import flat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Enum
    from sqlalchemy.engine import Connection

_DIALECT = PGDialect()  # type: ignore[no-untyped-call]


def bring_types(script: ops.MigrationScript, connection: Connection | None) -> None:
    """Let *script* create the enum types of its new columns that are not on *connection*."""
    if connection is None or ANOTHER in sys.modules:
        return
    there = {key for key, _ in known_labels(connection)}
    upgrade, downgrade = script.upgrade_ops_list[-1].ops, script.downgrade_ops_list[-1].ops
    wanted = {(kind.schema, kind.name): kind for kind in _types(upgrade) if kind.name}
    missing = [kind for key, kind in wanted.items() if key not in there]
    made = [kind.dialect_impl(_DIALECT) for kind in missing]
    # Their labels are texts of the models: SQL by the dialect, which quotes them.
    creates = [CreateEnumType(kind).compile(dialect=_DIALECT) for kind in made]
    drops = [DropEnumType(kind).compile(dialect=_DIALECT) for kind in made]
    upgrade[:0] = [ops.ExecuteSQLOp(str(sql)) for sql in creates]
    downgrade += [ops.ExecuteSQLOp(str(sql)) for sql in drops]


def _types(operations: list[ops.MigrateOperation]) -> Iterator[Enum]:
    for each in flat(operations):
        columns = each.columns if isinstance(each, ops.CreateTableOp) else ()
        kinds = [column.type for column in columns if isinstance(column, Column)]
        if isinstance(each, ops.AddColumnOp):
            kinds.append(each.column.type)
        if isinstance(each, ops.AlterColumnOp) and each.modify_type is not None:
            kinds.append(each.modify_type)
        yield from filter(None, map(enum_of, kinds))
