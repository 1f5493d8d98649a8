"""One question to the server, with a deadline of our own.

No option of libpq or of the server bounds a connection that is open while the server's processes
do not run: the kernel still acknowledges what is sent. Only the application can give up.
"""

from __future__ import annotations

import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import extensions

if TYPE_CHECKING:
    from sst.db.url import DatabaseUrl

_WAITS_TO_WRITE = extensions.POLL_WRITE


class Probe:
    """A connection that asks and never waits longer than its deadline; opened at its first use."""

    def __init__(self, url: DatabaseUrl, application_name: str) -> None:
        self._options = url.for_connect(application_name=application_name)
        self._connection: extensions.connection | None = None

    def answers(self, within_seconds: float) -> bool:
        """Say whether the server reacts *within_seconds*; a refusal is a reaction too."""
        deadline = time.monotonic() + within_seconds
        try:
            return self._asked(deadline)
        except psycopg2.Error:
            # A server that restarts or has no session left does not hang.
            self.close()
            return True

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        opened, self._connection = self._connection, None
        if opened is not None:
            with suppress(psycopg2.Error):
                opened.close()

    def _asked(self, deadline: float) -> bool:
        if self._connection is None:
            self._connection = psycopg2.connect(async_=True, **self._options)
            if not _is_ready(self._connection, deadline):
                return False
        self._connection.cursor().execute("select 1")
        return _is_ready(self._connection, deadline)


def _is_ready(connection: extensions.connection, deadline: float) -> bool:
    """Drive *connection* until what was begun is done; say whether it was before *deadline*."""
    while (state := connection.poll()) != extensions.POLL_OK:
        writing = [connection] if state == _WAITS_TO_WRITE else []
        reading = [] if writing else [connection]
        left = deadline - time.monotonic()
        if not any(select.select(reading, writing, [], max(0.0, left))) and left <= 0:
            return False
    return True
