"""The timeouts of a revision's session: they stay, whatever the revision sets.

CREATE INDEX CONCURRENTLY and its like are exempt from `lock_timeout` and build what they name.
They take a lock that stops nobody's reads or writes, and a timeout leaves an invalid index behind.
Such an index with the very name that is about to be built is dropped first: an earlier build left
it, and `IF NOT EXISTS` would find it and report success.
Source: PostgreSQL manual, CREATE INDEX, "Building Indexes Concurrently".
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sst.bridge.statements.committed import ends_transaction
from sst.bridge.statements.concurrent_index import (
    drop_concurrently,
    find_in_the_way,
    invalid_indexes,
    is_concurrent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

    from sst.bridge.statements.committed import Footprint
    from sst.bridge.statements.listeners import Listeners
    from sst.bridge.statements.own_transaction import RevisionTransaction

log = logging.getLogger("sst.migrate")

_SETS = re.compile(
    r"lock_timeout|statement_timeout|set_config|\b(?:reset|discard)\s+all\b", re.IGNORECASE
)
_RESETS_ALL = re.compile(r"\breset\s+all\b", re.IGNORECASE)
_NONE = "0"


def kept_timeouts(
    listeners: Listeners,
    timeouts: Mapping[str, str],
    transaction: RevisionTransaction,
    footprint: Footprint,
    warn: Callable[[str], None],
) -> AbstractContextManager[None]:
    """Put *timeouts*, in ms, back after each statement that takes them away, and *warn* of it.

    A limit that the revision chooses itself stays. `lock_timeout` is lifted for each concurrent
    statement, and *footprint* gets the INVALID indexes that were there before it.
    *transaction* has its marks back after a `RESET ALL`.
    """
    keeper = _Keeper(timeouts, transaction, footprint, warn)
    return listeners.hearing(
        {"before_cursor_execute": keeper.before, "after_cursor_execute": keeper.after}
    )


class _Keeper:
    """Sees each statement, and remembers the timeout that a concurrent one does not have."""

    def __init__(
        self,
        timeouts: Mapping[str, str],
        transaction: RevisionTransaction,
        footprint: Footprint,
        warn: Callable[[str], None],
    ) -> None:
        self._timeouts = {name: value for name, value in timeouts.items() if value != _NONE}
        self._transaction = transaction
        self._footprint = footprint
        self._warn = warn
        self._lifted: str | None = None
        self._is_at_work = False

    def before(
        self, connection: Connection, _cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        if self._is_at_work:
            return
        with self._own_statements():
            # Left over from a concurrent statement that failed, which the revision survived.
            self._put_back(connection)
            if _RESETS_ALL.search(statement):
                # Afterwards nothing would show it.
                self._transaction.check()
            if is_concurrent(statement):
                _make_room(connection, statement)
                self._footprint.known_invalid = frozenset(
                    index.oid for index in invalid_indexes(connection)
                )
                timeout = connection.exec_driver_sql("show lock_timeout").scalar_one()
                connection.exec_driver_sql("set lock_timeout = 0")
                self._lifted = timeout

    def after(
        self, connection: Connection, _cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        if self._is_at_work:
            return
        with self._own_statements():
            if is_concurrent(statement):
                self._put_back(connection)
            elif _SETS.search(statement):
                self._restore(connection, statement)

    @contextmanager
    def _own_statements(self) -> Iterator[None]:
        self._is_at_work = True
        try:
            yield
        finally:
            self._is_at_work = False

    def _put_back(self, connection: Connection) -> None:
        if self._lifted is not None:
            timeout, self._lifted = self._lifted, None
            connection.exec_driver_sql(f"set lock_timeout = '{timeout}'")

    def _restore(self, connection: Connection, statement: str) -> None:
        if _RESETS_ALL.search(statement) and not ends_transaction(statement):
            self._transaction.mark_again()
        for name, value in self._timeouts.items():
            if connection.exec_driver_sql(f"show {name}").scalar_one() == _NONE:
                connection.exec_driver_sql(f"set {name} = {value}")
                self._warn(f"took {name} away; it is put back to {value} ms")


def _make_room(connection: Connection, statement: str) -> None:
    index = find_in_the_way(connection, statement)
    if index is not None:
        log.warning("dropping the INVALID index %s, which a failed build left", index)
        drop_concurrently(connection, index)
