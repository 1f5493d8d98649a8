"""Which errors of the database pass by themselves, and what the log says of the others."""

from __future__ import annotations

import sysconfig
import traceback
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sst.db.server_errors import server_message, sqlstate_of
from sst.errors import DatabaseUnreachableError, TemporaryError
from sst.hooks.contract.error_location import shown
from sst.text import first_line

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.exc import SQLAlchemyError

# Connections, refused users, absent databases, a full server, a server that stops.
# PostgreSQL manual, appendix A; 57014 is a statement that was cancelled, on a server that is up.
_UNREACHABLE_CLASSES = frozenset({"08", "28", "3D", "53", "57"})
_CANCELLED = "57014"
# undefined_table, undefined_column: the code is written for another schema.
_ABSENT = frozenset({"42P01", "42703"})
# Its message ends with the value: invalid input syntax for type integer: "...".
_DATA_EXCEPTION = "22"
# And code that SQLAlchemy generates: `<sqlalchemy generated ...>`.
_LIBRARIES = (*(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")), "<")


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


def is_schema_behind(error: Exception) -> bool:
    """Say whether *error* is of a table or a column that is not there."""
    return isinstance(error, DBAPIError) and sqlstate_of(error) in _ABSENT


def in_one_line(error: DBAPIError, root: Path) -> str:
    """Return type and first line of the driver's *error*, and the line of ours that met it.

    The driver's other lines, and a traceback, quote the statement with the values that were sent.
    *root* is the project's folder, which the line is named without.
    """
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(_LIBRARIES)
    ]
    message = first_line(error)
    if (sqlstate_of(error) or "").startswith(_DATA_EXCEPTION):
        message = message.partition(': "')[0]
    said = f"{type(error.orig).__name__}: {message}"
    return f"{said} [{shown(frames[-1][0], root, frames[-1][1])}]" if frames else said


def _never_reached_it(error: DBAPIError) -> bool:
    """Say whether *error* is of the connection, not of the statement."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    state = sqlstate_of(error)
    if state is None:
        return isinstance(error, OperationalError)
    return state != _CANCELLED and state[:2] in _UNREACHABLE_CLASSES
