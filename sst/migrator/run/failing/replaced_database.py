"""A database that was replaced under a run: what the run committed is not in the live one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from sst.errors import DatabaseReplacedError, SstError
from sst.migrator.session.connections import database_number, open_connection
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.migrator.run.progress import Progress
    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context


def refuse_replaced(context: Context, session: Session, progress: Progress) -> None:
    """Raise `DatabaseReplacedError` when the database of *session* has its name no more.

    Restores keep out of the way of every run that holds the database's lock; those of older
    images know nothing of it.
    """
    if session.holds_lock() or not _is_replaced(context, session):
        return
    done = listed(progress.committed_ids) or "none"
    raise DatabaseReplacedError(
        what="The database was replaced during the run; nothing of the run is in the live one.",
        why=f"a restore has given its name to another database; committed in the old one: {done}",
        next_step="look at `python migrate.py check`, then run the command again",
    )


@contextlib.contextmanager
def explaining(context: Context, session: Session, progress: Progress) -> Iterator[None]:
    """Raise what `refuse_replaced` says in the place of an error that comes of it."""
    try:
        yield
    except Exception:
        refuse_replaced(context, session, progress)
        raise


def _is_replaced(context: Context, session: Session) -> bool:
    with (
        contextlib.suppress(SstError, SQLAlchemyError),
        open_connection(context, "sst-inspect", autocommit=True) as connection,
    ):
        return database_number(connection) != session.database
    return False
