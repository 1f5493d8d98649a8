"""Sessions that are cut when their server does not answer.

The kernel, a proxy or a load balancer may acknowledge what is sent to a server that is frozen or
cut off: keepalives then see nothing wrong, and a statement would be waited for without end.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, Any

from psycopg import AsyncConnection, Connection, OperationalError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from psycopg import Notify

_ANSWER_SECONDS = 10.0
"""The longest statement queues a thousand jobs, in a second."""


class AnsweringConnection(Connection[Any]):
    """A session; a statement without an answer raises `OperationalError`, and ends it."""

    def wait(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as psycopg has it
        """Wait for an answer, as psycopg does, but not for ever."""
        cut = _Cut(self.fileno())
        timer = Timer(_ANSWER_SECONDS, cut)
        timer.daemon = True
        timer.start()
        try:
            return super().wait(*args, **kwargs)
        except OperationalError as error:
            raise cut.explain(error) from error
        finally:
            timer.cancel()


class AnsweringAsyncConnection(AsyncConnection[Any]):
    """The same, for a worker; for notifications it waits as long as none comes."""

    _is_listening = False

    async def wait(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as psycopg has it
        """Wait for an answer, as psycopg does, but not for ever."""
        if self._is_listening:
            return await super().wait(*args, **kwargs)
        cut = _Cut(self.fileno())
        # Not `asyncio.timeout`: psycopg would ask the server to cancel, and wait for that.
        timer = asyncio.get_running_loop().call_later(_ANSWER_SECONDS, cut)
        try:
            return await super().wait(*args, **kwargs)
        except OperationalError as error:
            raise cut.explain(error) from error
        finally:
            timer.cancel()

    async def notifies(self, **kwargs: Any) -> AsyncGenerator[Notify, None]:
        """Yield the notifications that come."""
        self._is_listening = True
        try:
            async for each in super().notifies(**kwargs):
                yield each
        finally:
            self._is_listening = False


class _Cut:
    """Ends the socket *number*, so that whoever waits for it hears that it is closed."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._is_cut = False

    def __call__(self) -> None:
        self._is_cut = True
        with suppress(OSError), socket.socket(fileno=os.dup(self._number)) as same:
            same.shutdown(socket.SHUT_RDWR)

    def explain(self, error: OperationalError) -> OperationalError:
        """Return why the session ended: *error*, or that there was no answer."""
        seconds = f"no answer within {_ANSWER_SECONDS:g} s"
        return OperationalError(seconds) if self._is_cut else error
