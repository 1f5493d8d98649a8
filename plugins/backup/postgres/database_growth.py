"""How far a database is that is being filled, as a live line on a terminal."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sst.hooks import ProgressLine

from .database_session import Session, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import DatabaseUrl

_INTERVAL_SECONDS = 1.0
_SIZE = "SELECT pg_database_size(oid) FROM pg_database WHERE datname = %s"


@contextmanager
def growing(title: str, url: DatabaseUrl, name: str, expected_bytes: int) -> Iterator[None]:
    """Show the size of the database *name*, which the body fills, of *expected_bytes*.

    It is asked on a connection of its own to the database of *url*, and only where a terminal
    shows it.
    """
    with ExitStack() as opened:
        size = _Size(url, name, opened)
        with ProgressLine(title, total_bytes=expected_bytes, is_estimate=True) as line:
            line.show(size.bytes)
            yield


class _Size:
    """The size of a database, asked once a second at most."""

    def __init__(self, url: DatabaseUrl, name: str, opened: ExitStack) -> None:
        self._url = url
        self._name = name
        self._opened = opened
        self._session: Session | None = None
        self._asked_at = 0.0
        self._bytes = 0

    def bytes(self) -> int:
        """Return the size; raises `psycopg2.Error` when it cannot be asked."""
        if time.monotonic() - self._asked_at >= _INTERVAL_SECONDS:
            if self._session is None:
                self._session = self._opened.enter_context(connected(self._url))
            self._asked_at = time.monotonic()
            for (size,) in self._session.fetch(_SIZE, (self._name,)):
                self._bytes = size
        return self._bytes
