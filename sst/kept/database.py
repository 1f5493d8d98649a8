"""One question on a connection of its own, within a deadline that a hung server cannot pass."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 3.0


class Answer(NamedTuple):
    """What the server said."""

    digest: str
    """Of everything that was asked about."""
    at: float
    """The server's time, in seconds since the epoch."""
    is_settled: bool
    """Whether nothing was at work that changes what is seen from outside of the catalogue."""


def ask(keywords: Mapping[str, Any], question: str) -> Answer | None:
    """Return the answer to *question*, one row; None for any failure, and for none in time.

    *keywords* are those of `psycopg2.connect`; the session is closed at the end.
    """
    import psycopg2

    deadline = time.monotonic() + _SECONDS
    try:
        connection = psycopg2.connect(**keywords, async_=1)
        try:
            _wait(connection, deadline)
            cursor = connection.cursor()
            cursor.execute(question)
            _wait(connection, deadline)
            return Answer(*cursor.fetchone())
        finally:
            connection.close()
    except (psycopg2.Error, OSError, TypeError):
        return None


def _wait(connection: Any, deadline: float) -> None:  # noqa: ANN401 - the driver's
    """Return when the driver is done; raises `OSError` at the *deadline*.

    Source: psycopg manual, "Asynchronous support".
    """
    from psycopg2 import extensions

    while (state := connection.poll()) != extensions.POLL_OK:
        left = deadline - time.monotonic()
        number = connection.fileno()
        reads = [number] if state == extensions.POLL_READ else []
        writes = [number] if state == extensions.POLL_WRITE else []
        if left <= 0 or select.select(reads, writes, [], left) == ([], [], []):
            raise TimeoutError("no answer in time")
