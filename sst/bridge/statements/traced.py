"""The statements of a revision as spans, bounded: a loop can send a hundred thousand."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.redaction.statements import without_literals
from sst.tracing.database import database_attributes, summary_of
from sst.tracing.spans import Statement, current, is_on, statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

    from sst.bridge.statements.listeners import Listeners
    from sst.db.url import DatabaseUrl

MOST = 100
"""So many of the statements of one attempt are spans, and beside them each slow or failed one."""
_SLOW_NS = 1_000_000_000
_READ, _SHOWN = 4000, 1000
"""Characters: of a statement so many are read, and so many sent."""


@contextmanager
def traced_statements(
    connection: Connection, listeners: Listeners, url: DatabaseUrl
) -> Iterator[None]:
    """Make a span of each statement that *listeners* hear of while the body runs."""
    if not is_on():
        yield
        return
    statements = _Statements(connection, url)
    begin, end = statements.begin, statements.end
    with listeners.hearing({"before_cursor_execute": begin, "after_cursor_execute": end}):
        try:
            yield
        finally:
            statements.close()


class _Statements:
    """Those of one attempt, each made a span when it is over: then it is known how it ended."""

    def __init__(self, connection: Connection, url: DatabaseUrl) -> None:
        name = connection.engine.url.database
        place = url.with_database(name) if name and name != url.name else url
        self._place = database_attributes(place)
        self._running: str | None = None
        self._began_ns = self._began = 0
        self._count = self._left_out = 0

    def begin(self, _: Connection, __: DBAPICursor, text: str, *___: object) -> None:
        """Note that *text* is sent; one before it that has not ended has failed."""
        self._fail()
        self._running, self._began_ns, self._began = text, time.time_ns(), time.monotonic_ns()

    def end(self, *_: object) -> None:
        """Note that it is over."""
        self._make(None)

    def close(self) -> None:
        """Make a span of one that has failed, and count those that have none."""
        self._fail()
        if self._left_out:
            current().event("statements left out", {"sst.statements": self._left_out})

    def _fail(self) -> None:
        if self._running is not None:
            # A savepoint or the end of the revision: its error is still being handled.
            error = sys.exc_info()[1]
            self._make(error or _UnknownError("the statement failed"))

    def _make(self, error: BaseException | None) -> None:
        text, self._running = self._running, None
        if text is None:
            return
        self._count += 1
        is_slow = time.monotonic_ns() - self._began >= _SLOW_NS
        if self._count > MOST and not is_slow and error is None:
            self._left_out += 1
            return
        shown = without_literals(text[:_READ], _SHOWN)
        summary = summary_of(shown)
        attributes = {
            **self._place,
            "db.operation.name": summary.operation or None,
            "db.query.summary": summary.text,
            "db.query.text": shown,
        }
        is_own = isinstance(error, DBAPIError) or not isinstance(error, Exception)
        failure = error if is_own else _cause(error)
        statement(Statement(summary.text, attributes, self._began_ns, failure))


class _UnknownError(Exception):
    """A statement failed, and its error was not seen."""


def _cause(error: BaseException | None) -> BaseException | None:
    """Return the driver's error behind *error*, which a revision may have made of it."""
    found = error
    while found is not None and not isinstance(found, DBAPIError):
        found = found.__cause__ or found.__context__
    return found or error
