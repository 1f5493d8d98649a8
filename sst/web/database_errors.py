"""Which errors of the database pass by themselves, so that the client may try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sst.db.server_errors import server_message, sqlstate_of
from sst.errors import DatabaseUnreachableError, TemporaryError

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

# Connections, refused users, absent databases, a full server, a server that stops.
# PostgreSQL manual, appendix A; 57014 is a statement that was cancelled, on a server that is up.
_UNREACHABLE_CLASSES = frozenset({"08", "28", "3D", "53", "57"})
_CANCELLED = "57014"


def as_temporary(error: SQLAlchemyError) -> TemporaryError | None:
    """Return *error* as one to try again after; None for one that stays, such as a wrong column.

    Temporary are a pool without a free connection, a server that cannot be reached, and what
    psycopg2 calls operational: a deadlock, a lock timeout, a statement timeout.
    """
    if isinstance(error, PoolTimeoutError):
        what = "All connections of the pool are in use (DB_POOL_SIZE, DB_MAX_OVERFLOW)."
        return TemporaryError(what=what, code="pool_exhausted")
    if isinstance(error, DBAPIError) and _never_reached_it(error):
        return DatabaseUnreachableError(what=server_message(error))
    if isinstance(error, OperationalError):
        return TemporaryError(what=server_message(error))
    return None


def _never_reached_it(error: DBAPIError) -> bool:
    """Say whether *error* is of the connection, not of the statement."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    state = sqlstate_of(error)
    if state is None:
        return isinstance(error, OperationalError)
    return state != _CANCELLED and state[:2] in _UNREACHABLE_CLASSES
