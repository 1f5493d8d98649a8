"""The statements of a revision as spans, bounded: a loop can send a hundred thousand."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.exc import DBAPIError

from sst.redaction.statements import without_literals
from sst.tracing.database import database_attributes, summary_of
from sst.tracing.spans import Statement, current, is_on, statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

    from sst.bridge.statements.committed import Footprint
    from sst.bridge.statements.listeners import Listeners
    from sst.db.url import DatabaseUrl

MOST = 100
"""So many of the statements of one attempt are spans, and beside them each slow or failed one."""
_SLOW_NS = 1_000_000_000
_READ, _SHOWN = 4000, 1000
"""Characters: of a statement so many are read, and so many sent."""


@contextmanager
def traced_statements(
    connection: Connection, listeners: Listeners, footprint: Footprint, url: DatabaseUrl
) -> Iterator[None]:
    """Make a span of each statement that *listeners* hear of while the body runs.

    What is no revision's to *footprint* has none.
    """
    if not is_on():
        yield
        return
    statements = _Statements(connection, footprint, url)
    begin, end = statements.begin, statements.end
    with listeners.hearing({"before_cursor_execute": begin, "after_cursor_execute": end}):
        try:
            yield
        finally:
            statements.close()


class _Running(NamedTuple):
    """A statement that was sent, and whose end is not known."""

    cursor: DBAPICursor
    text: str
    began_ns: int
    began: int


class _Statements:
    """Those of one attempt, each made a span when it is over: then it is known how it ended."""

    def __init__(self, connection: Connection, footprint: Footprint, url: DatabaseUrl) -> None:
        name = connection.engine.url.database
        place = url.with_database(name) if name and name != url.name else url
        self._place = database_attributes(place)
        self._footprint = footprint
        self._running: list[_Running] = []
        """Of more than one, each was sent by a listener to the one before it."""
        self._count = self._left_out = 0

    def begin(self, _: Connection, cursor: DBAPICursor, text: str, *__: object) -> None:
        """Note that *text* is sent; SQLAlchemy has closed the cursor of one that has failed."""
        if self._footprint.is_muted:
            return
        while self._running and getattr(self._running[-1].cursor, "closed", False):
            self._fail(self._running.pop())
        self._running.append(_Running(cursor, text, time.time_ns(), time.monotonic_ns()))

    def end(self, _: Connection, cursor: DBAPICursor, *__: object) -> None:
        """Note that the statement of *cursor* is over."""
        if not any(each.cursor is cursor for each in self._running):
            return
        while (last := self._running.pop()).cursor is not cursor:
            self._fail(last)
        self._make(last, None)

    def close(self) -> None:
        """Make a span of those that have failed, and count those that have none."""
        while self._running:
            self._fail(self._running.pop())
        if self._left_out:
            current().event("statements left out", {"sst.statements": self._left_out})

    def _fail(self, running: _Running) -> None:
        self._make(running, _error_of(running.text) or _UnseenError("its error was not seen"))

    def _make(self, running: _Running, error: BaseException | None) -> None:
        self._count += 1
        is_slow = time.monotonic_ns() - running.began >= _SLOW_NS
        if self._count > MOST and not is_slow and error is None:
            self._left_out += 1
            return
        shown = without_literals(running.text[:_READ], _SHOWN)
        summary = summary_of(shown)
        attributes = {
            **self._place,
            "db.operation.name": summary.operation or None,
            "db.query.summary": summary.text,
            "db.query.text": shown,
        }
        statement(Statement(summary.text, attributes, running.began_ns, error))


class _UnseenError(Exception):
    """A statement failed, and whoever sent it went on without its error."""


def _error_of(text: str) -> BaseException | None:
    """Return the error of the statement *text* that is being handled now; None for none.

    A savepoint is rolled back while it is, and so is the revision.
    """
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, DBAPIError) and error.statement == text:
            return error
        if not isinstance(error, Exception):
            return error  # a signal
        error = error.__cause__ or error.__context__
    return None
