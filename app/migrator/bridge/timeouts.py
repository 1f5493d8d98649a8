"""CREATE INDEX CONCURRENTLY and its like wait as long as they must, and build what they name.

They take a lock that stops nobody's reads or writes, and a timeout leaves an invalid index behind.
Such an index with the very name that is about to be built is dropped first: an earlier build left
it, and `IF NOT EXISTS` would find it and report success.
Source: PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import event

from app.migrator.bridge.indexes import drop_concurrently, find_in_the_way, is_concurrent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

log = logging.getLogger("sst.migrate")


@contextmanager
def patient_concurrently(connection: Connection) -> Iterator[None]:
    """Lift `lock_timeout` for each concurrent statement on *connection*, and put it back."""
    patience = _Patience()
    event.listen(connection, "before_cursor_execute", patience.before)
    event.listen(connection, "after_cursor_execute", patience.after)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", patience.before)
        event.remove(connection, "after_cursor_execute", patience.after)


class _Patience:
    """Remembers the timeout that a concurrent statement does not have."""

    def __init__(self) -> None:
        self._lifted: str | None = None

    def before(
        self, connection: Connection, _cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        # Left over from a concurrent statement that failed, which the revision survived.
        self._put_back(connection)
        if is_concurrent(statement):
            _make_room(connection, statement)
            timeout = connection.exec_driver_sql("show lock_timeout").scalar_one()
            connection.exec_driver_sql("set lock_timeout = 0")
            self._lifted = timeout

    def after(
        self, connection: Connection, _cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        if is_concurrent(statement):
            self._put_back(connection)

    def _put_back(self, connection: Connection) -> None:
        if self._lifted is not None:
            timeout, self._lifted = self._lifted, None
            connection.exec_driver_sql(f"set lock_timeout = '{timeout}'")


def _make_room(connection: Connection, statement: str) -> None:
    index = find_in_the_way(connection, statement)
    if index is not None:
        log.warning("dropping the INVALID index %s, which a failed build left", index)
        drop_concurrently(connection, index)
