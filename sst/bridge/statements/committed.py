"""The footprint of a revision: all that it has committed, and whether it may be run again."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.bridge.statements.concurrent_index import is_concurrent
from sst.redaction.statements import without_literals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

    from sst.bridge.statements.listeners import Listeners

# These leave nothing behind in the database.
_HARMLESS = re.compile(
    r"\s*(set|reset|show|begin|start\s+transaction|commit|end|savepoint)\b"
    r"|\s*(rollback|abort)\b"
    r"|\s*select\b[^;]*\bfrom\s+(pg_|information_schema\.)",
    re.IGNORECASE,
)
_REPEATABLE = re.compile(r"\bif\s+(not\s+)?exists\b|\s*reindex\b", re.IGNORECASE)
_COMMIT = re.compile(r"(?:^|;)\s*(commit|end)\b", re.IGNORECASE)
_ROLLBACK = re.compile(
    r"(?:^|;)\s*(abort|rollback(?!\s+((work|transaction)\s+)?to\b))\b", re.IGNORECASE
)
# The body of a function ends with END; manual, CREATE FUNCTION.
_ATOMIC = re.compile(r"\bbegin\s+atomic\b", re.IGNORECASE)
# Both may commit inside, when they are not in a transaction; manual, 43.8.
_PROCEDURE = re.compile(r"\s*(call|do)\b", re.IGNORECASE)

# As libpq numbers them: PQTRANS_IDLE, and PQTRANS_INTRANS with PQTRANS_INERROR.
_IDLE = 0
_OPEN = (2, 3)


class Footprint:
    """The statements of one revision: the open ones, the committed ones, the one under way.

    What a revision does on a connection of its own is not seen.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._in_doubt: list[str] = []
        self._committed: list[str] = []
        self._lost: list[str] = []
        self._unsure: list[str] = []
        self._is_outside = False
        self._may_be_half_done = False
        self._is_muted = False
        self.running: str | None = None
        """The statement that was sent last and has not succeeded; None when all did."""
        self.known_invalid: frozenset[int] = frozenset()
        """The numbers of the INVALID indexes that were there before the last concurrent one."""

    def committed(self, error: BaseException) -> tuple[str, ...]:
        """Return the statements that stay although *error* ended the revision.

        One that failed is among them when it may have committed a part of its work.
        """
        # An error without a statement is that of the COMMIT itself, which then was a rollback.
        if not isinstance(error, DBAPIError) or error.statement is not None:
            self._settle()
        half_done = [self.running] if self.running and self._may_be_half_done else []
        return (*(each for each in self._committed if not _is_harmless(each)), *half_done)

    @property
    def lost(self) -> tuple[str, ...]:
        """The statements that a rollback took back."""
        return tuple(each for each in self._lost if not _is_harmless(each))

    @property
    def is_muted(self) -> bool:
        """Whether the statements of now are no revision's."""
        return self._is_muted

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Take no note of the body's statements: they are no revision's."""
        was_muted, self._is_muted = self._is_muted, True
        try:
            yield
        finally:
            self._is_muted = was_muted

    def notice(self, connection: Connection) -> None:
        """Note that the driver itself ended the transaction, without a statement that was seen."""
        if self._open and not self._is_outside and _is_idle(connection):
            self._unsure, self._open = self._unsure + self._open, []

    def resolve(self, *, was_committed: bool) -> None:
        """Count what was not seen as committed or as lost, now that the server has said it."""
        if was_committed and not (self._unsure or self._committed or self._in_doubt):
            # It was not even seen which statements came before the COMMIT.
            self._unsure, self._lost = self._lost, []
        (self._committed if was_committed else self._lost).extend(self._unsure)
        self._unsure = []

    def watching(self, listeners: Listeners) -> AbstractContextManager[None]:
        """Take note of what is sent over the connection of *listeners*."""
        return listeners.hearing(
            {
                "before_cursor_execute": self._before,
                "after_cursor_execute": self._after,
                "begin": self._begin,
                "commit": self._commit,
                "rollback": self._rollback,
            }
        )

    def _before(
        self, connection: Connection, _cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        if self._is_muted:
            return
        self.notice(connection)
        self.running = statement
        outside = self._is_outside or _is_autocommit(connection)
        self._may_be_half_done = _commits(statement) or (
            outside and _PROCEDURE.match(statement) is not None
        )

    def _after(
        self, connection: Connection, _cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        if self._is_muted:
            return
        self.running, self._may_be_half_done = None, False
        (self._committed if self._is_outside or _is_autocommit(connection) else self._open).append(
            statement
        )
        if _commits(statement):
            # Sent as text, behind SQLAlchemy's back.
            self._committed += self._open
            self._open, self._is_outside = [], not _is_in_transaction(connection)
        elif _rolls_back(statement):
            self._lost += self._open
            self._open, self._is_outside = [], not _is_in_transaction(connection)
            if self._is_outside:
                # What stands behind it in the same text was committed at its end.
                self._committed.append(_behind_rollback(statement))

    def _begin(self, _connection: Connection) -> None:
        if self._is_muted:
            return
        # The next transaction begins: so the COMMIT of the one before went well.
        self._settle()
        self._is_outside = False

    def _commit(self, connection: Connection) -> None:
        # Called before it is sent.
        self.notice(connection)
        self._in_doubt, self._open = self._in_doubt + self._open, []

    def _rollback(self, connection: Connection) -> None:
        self.notice(connection)
        self._lost, self._open = self._lost + self._open, []

    def _settle(self) -> None:
        self._committed += self._in_doubt
        self._in_doubt = []


def _is_harmless(statement: str) -> bool:
    """Say whether nothing of *statement* leaves a trace; it may hold several."""
    parts = without_literals(statement, len(statement) + 1).split(";")
    return all(_HARMLESS.match(part) or not part.strip() for part in parts)


def _is_autocommit(connection: Connection) -> bool:
    return connection._is_autocommit_isolation()  # noqa: SLF001 - it has no public name


def _is_idle(connection: Connection) -> bool:
    """Say whether the driver knows of no open transaction; psycopg2 and psycopg know it."""
    return _status(connection) == _IDLE


def _is_in_transaction(connection: Connection) -> bool:
    """Say whether the driver knows of an open transaction."""
    return _status(connection) in _OPEN


def _status(connection: Connection) -> int | None:
    if connection.closed or connection.invalidated:
        return None
    info = getattr(connection.connection.driver_connection, "info", None)
    return getattr(info, "transaction_status", None)


def _behind_rollback(statement: str) -> str:
    text = without_literals(statement, len(statement) + 1)
    *_, last = _ROLLBACK.finditer(text)
    return text[last.end() :].partition(";")[2].strip()


def ends_transaction(statement: str) -> bool:
    """Say whether *statement* holds the end of a transaction, outside literals and comments."""
    return _commits(statement) or _rolls_back(statement)


def _commits(statement: str) -> bool:
    return _holds(_COMMIT, statement, "commit", "end")


def _rolls_back(statement: str) -> bool:
    return _holds(_ROLLBACK, statement, "rollback", "abort")


def _holds(ending: re.Pattern[str], statement: str, *words: str) -> bool:
    lower = statement.lower()
    if not any(word in lower for word in words):
        return False
    text = without_literals(statement, len(statement) + 1)
    return ending.search(text) is not None and _ATOMIC.search(text) is None


def may_run_again(committed: Sequence[str]) -> bool:
    """Say whether a revision that *committed* these may be run from its beginning.

    Only when each is a concurrent index statement that may find its work done.
    """
    return all(is_concurrent(each) and _REPEATABLE.search(each) for each in committed)
