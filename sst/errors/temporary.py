"""Errors that pass, exit 75: try again."""

from __future__ import annotations

from sst.errors.base import SstError


class TemporaryError(SstError, code="temporary", exit_code=75):
    """Nothing is wrong with the request: try again."""


class DatabaseUnreachableError(TemporaryError, code="database_unreachable"):
    """No connection to the database."""

    waited_seconds: float = 0.0
    """How long a connection was waited for that did not come; 0 where one was there."""


class DatabaseClosedError(DatabaseUnreachableError, code="database_closed"):
    """The server answers, but this database is closed to connections."""

    dead_swap: tuple[str, ...] = ()
    """The databases that `repair` opens again; empty when it is none of its business."""


class WaitTimeoutError(TemporaryError, code="wait_timeout"):
    """`wait` timed out."""


class LockBusyError(TemporaryError, code="lock_busy"):
    """Another migration holds the lock."""


class LockTimeoutError(TemporaryError, code="lock_timeout"):
    """A revision did not get its locks in all its attempts; nothing of the run is committed."""

    revision: str = ""
