"""A database that was made by other means, before anything was on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from sst.db.server_errors import sqlstate_of
from sst.errors import SstError
from sst.migrator.session.inspection import DatabaseInspection

if TYPE_CHECKING:
    from sst.migrator.run.progress import Progress
    from sst.migrator.values.context import Context

# Manual, appendix A: a table (and index, view, sequence), a schema, a function, an object.
_THERE_ALREADY = {"42P07", "42P06", "42723", "42710"}
_LOCK_TIMEOUT_SECONDS = 2.0


def may_be_made_before(raised: BaseException, progress: Progress) -> bool:
    """Say whether *raised* means that a database which was never migrated has objects already."""
    is_revision = progress.current_step is not None
    return is_revision and not progress.before and sqlstate_of(raised) in _THERE_ALREADY


def look_at_models(context: Context, raised: BaseException, progress: Progress) -> None:
    """Note in *progress* whether such a database has all that the models describe.

    Never raises: the run's own error is the one to report.
    """
    if progress.committed or not may_be_made_before(raised, progress):
        return
    try:
        with DatabaseInspection(context, _LOCK_TIMEOUT_SECONDS) as inspection:
            progress.has_all_models = inspection.differences() == ()
    except (SstError, SQLAlchemyError):
        progress.has_all_models = False
