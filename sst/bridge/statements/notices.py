"""The server's notices to a revision, beside its results, such as RAISE NOTICE and WARNING."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    from sst.bridge.statements.listeners import Listeners

    Hear = Callable[[str, str], None]
    """Gets the severity of a message, such as `NOTICE`, and the message in one line."""

WARNING = "WARNING"
# psycopg2 hands out text alone, in the language of the server's lc_messages.
# Source: PostgreSQL, src/backend/po.
_WARNINGS = frozenset(
    {WARNING, "WARNUNG", "ATTENTION", "ADVERTENCIA", "ATTENZIONE", "AVISO", "VARNING"}
    | {"OSTRZEŻENIE", "ПРЕДУПРЕЖДЕНИЕ", "ПОПЕРЕДЖЕННЯ", "UYARI", "警告", "경고"}
)


@contextmanager
def heard_notices(connection: Connection, listeners: Listeners, hear: Hear) -> Iterator[None]:
    """Give *hear* each message of the server, as the driver hands it out."""
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "add_notice_handler"):

        def told(diagnostic: Any) -> None:  # noqa: ANN401 - psycopg's, which may not be installed
            severity = diagnostic.severity_nonlocalized or diagnostic.severity
            hear(severity, " ".join((diagnostic.message_primary or "").split()))

        with _handler(driver.add_notice_handler, driver.remove_notice_handler, told):
            yield
    elif hasattr(driver, "add_log_listener"):

        def logged(_: object, message: Any) -> None:  # noqa: ANN401 - asyncpg's, the same
            hear(message.severity_en or message.severity, " ".join(message.message.split()))

        with _handler(driver.add_log_listener, driver.remove_log_listener, logged):
            yield
    elif hasattr(driver, "notices"):
        with _collected(listeners, driver, hear):
            yield
    else:
        yield


@contextmanager
def _handler(
    add: Callable[..., Any], remove: Callable[..., Any], handler: Callable[..., None]
) -> Iterator[None]:
    add(handler)
    try:
        yield
    finally:
        remove(handler)


@contextmanager
def _collected(listeners: Listeners, driver: Any, hear: Hear) -> Iterator[None]:  # noqa: ANN401
    """Hear what psycopg2 has collected when a statement is over.

    Of its own list it keeps the last 50. A deque keeps all, and appends in C: a signal that was
    raised while psycopg2 appends would be lost.
    """
    kept, driver.notices = driver.notices, deque()

    def after(*_: object) -> None:
        # SQLAlchemy looks when the statement is over, and could not empty a deque.
        while driver.notices:
            severity, _colon, message = driver.notices.popleft().partition(":")
            is_warning = severity in _WARNINGS
            hear(WARNING if is_warning else severity, " ".join(message.split()))

    try:
        # What the server has said before our own statement is still there.
        with listeners.hearing({"after_cursor_execute": after}, always=True):
            yield
    finally:
        after()
        driver.notices = kept
