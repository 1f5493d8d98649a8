"""The server's notices to a revision, beside its results, such as RAISE NOTICE and WARNING."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    Hear = Callable[[str, bool], None]
    """Gets a message in one line, and whether it is a warning."""


@contextmanager
def heard_notices(connection: Connection, hear: Hear) -> Iterator[None]:
    """Give *hear* each message of the server; psycopg2 and psycopg hand them out."""
    driver: Any = connection.connection.driver_connection

    def after(*_: object) -> None:
        # SQLAlchemy empties the list when the statement is over.
        notices = getattr(driver, "notices", None) or []
        for text in notices:
            severity, _colon, message = text.partition(":")
            hear(" ".join(message.split()), severity == "WARNING")
        notices[:] = []

    def told(diagnostic: Any) -> None:  # noqa: ANN401 - psycopg's, which may not be installed
        hear(diagnostic.message_primary, diagnostic.severity_nonlocalized == "WARNING")

    has_handlers = hasattr(driver, "add_notice_handler")
    if has_handlers:
        driver.add_notice_handler(told)
    event.listen(connection, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(connection, "after_cursor_execute", after)
        after()
        if has_handlers:
            driver.remove_notice_handler(told)
