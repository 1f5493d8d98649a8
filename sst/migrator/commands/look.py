"""A read-only look at the database, and what an upgrade would be refused with there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sst.errors import VersionTableBehindError
from sst.migrator.ledger.unknown_revision import explained
from sst.migrator.session.driver_errors import translate_driver_errors
from sst.migrator.session.inspection import DatabaseInspection
from sst.migrator.standing.last_runs import read_last_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sst.errors import HistoryError
    from sst.migrator.values.context import Context


@contextmanager
def look(context: Context) -> Iterator[DatabaseInspection]:
    """Look at the database; what the driver raises becomes an error of ours."""
    with (
        translate_driver_errors(context.redact, role=context.url.role),
        DatabaseInspection(context) as inspection,
    ):
        yield inspection


def has_nothing_to_do(context: Context) -> bool:
    """Say whether the schema is at the head, and no run has failed there since."""
    with look(context) as inspection:
        is_there = inspection.status.state == "up_to_date"
        return is_there and read_last_runs(inspection.records).unresolved is None


def hook_timings(
    context: Context, plugin: str
) -> tuple[str, tuple[Mapping[str, Any], ...]] | None:
    """Return the newest run that called hooks of *plugin*, and what each of them took."""
    with look(context) as inspection:
        found = inspection.records.newest_with(plugin)
    if found is None:
        return None
    return found.id, tuple(row for row in found.details["hooks"] if row["plugin"] == plugin)


def upgrade_refusal(context: Context, inspection: DatabaseInspection) -> HistoryError | None:
    """Return what an upgrade would be refused with, with what the record knows of it."""
    status = inspection.status
    if status.error is None:
        return None
    left_at = inspection.records.left_at()
    found = explained(status.error, context, inspection.ledger, status.current, left_at)
    inspection.connection.rollback()
    return found


def refuse_ahead(context: Context, inspection: DatabaseInspection) -> None:
    """Raise `HistoryError` when the version table is ahead of the files, or has lost its place."""
    error = upgrade_refusal(context, inspection)
    if error and (inspection.status.unknown or isinstance(error, VersionTableBehindError)):
        raise error
