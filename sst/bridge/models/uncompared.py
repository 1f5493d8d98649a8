"""Differences that Alembic does not compare: labels of enum types, computed columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alembic.autogenerate.api import AutogenContext

from sst.bridge.models.computed_columns import computed_differences
from sst.bridge.models.enum_labels import AddLabels, label_differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alembic.operations.ops import MigrationScript
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Column, MetaData, Table


@dataclass(frozen=True, slots=True)
class Uncompared:
    """A difference that only we see."""

    line: str
    table: Table
    """The table, or the first one, that it concerns."""
    operation: AddLabels | None = None
    """The operation to write into a revision; None: it takes a person."""


def uncompared(context: MigrationContext, models: Sequence[MetaData]) -> tuple[Uncompared, ...]:
    """Return how the schema differs from *models* beside what Alembic finds.

    env.py's `include_object` counts, and `compare_type = False` for the labels.
    """
    if context.connection is None or not models:
        return ()
    columns = tuple(_columns(AutogenContext(context, metadata=list(models))))
    with_labels = columns if context.opts.get("compare_type", True) is not False else ()
    return (
        *(Uncompared(*found) for found in label_differences(context.connection, with_labels)),
        *(Uncompared(*found) for found in computed_differences(context.connection, columns)),
    )


def write_uncompared(context: MigrationContext, found: Sequence[Uncompared]) -> None:
    """Let the script that *context* generates do what can be done about *found*.

    Before env.py's own `process_revision_directives`, which may want to know of it.
    """
    theirs = context.opts.get("process_revision_directives")
    operations = [each.operation for each in found if each.operation]

    def process(again: MigrationContext, revision: Any, scripts: list[MigrationScript]) -> None:  # noqa: ANN401
        # First: what follows may use a label, and an autocommit block commits what precedes it.
        scripts[-1].upgrade_ops_list[-1].ops[:0] = operations
        if theirs:
            theirs(again, revision, scripts)

    context.opts["process_revision_directives"] = process


def _columns(filters: AutogenContext) -> Iterator[Column[Any]]:
    for table in filters.sorted_tables:
        if filters.run_object_filters(table, table.name, "table", False, None):  # noqa: FBT003
            for column in table.columns:
                if filters.run_object_filters(column, column.name, "column", False, None):  # noqa: FBT003
                    yield column
