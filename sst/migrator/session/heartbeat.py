"""The server's heartbeat during a run: a server that says nothing ends the run, never hangs it.

A long ALTER is legal, so no statement has a deadline here. Another connection asks the server a
question every few seconds instead; when that is not answered for so long, nothing will be.
libpq waits in C and cannot be stopped, but it returns when its socket is shut.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.db.probe import Probe

_LONGEST_INTERVAL_SECONDS = 5.0
_LONGEST_FAREWELL_SECONDS = 2.0


class ServerSilent(BaseException):
    """Raised in the main thread when the server has not answered for *seconds*.

    No plugin should swallow it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Heartbeat:
    """Ask the server while the context is entered; give up when it is silent.

    After *silence_seconds* without an answer *report* is called with the exception to raise, on a
    thread of its own, and the socket of every connection that SQLAlchemy has opened meanwhile is
    shut: ours, those of gates and checks, and the one that an env.py opened for itself.
    0 seconds: never.
    """

    def __init__(
        self, probe: Probe, silence_seconds: float, report: Callable[[BaseException], None]
    ) -> None:
        self._probe = probe
        self._silence_seconds = silence_seconds
        self._report = report
        self._opened: WeakSet[Any] = WeakSet()
        self._leaving = threading.Lock()
        self._left = threading.Event()

    def __enter__(self) -> Self:
        """Begin to ask."""
        if self._silence_seconds:
            event.listen(Pool, "connect", self._remember)
            self._thread = threading.Thread(target=self._watch, name="heartbeat", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Ask no more, shut nothing any more, and wait until its own connection is closed."""
        with self._leaving:
            self._left.set()
        if self._silence_seconds:
            event.remove(Pool, "connect", self._remember)
            self._thread.join(timeout=_LONGEST_FAREWELL_SECONDS)

    def _remember(self, driver_connection: Any, _: object) -> None:  # noqa: ANN401 - any driver's
        # An asynchronous driver's cannot be kept, and need not be: it waits in Python.
        with suppress(TypeError):
            self._opened.add(driver_connection)

    def _watch(self) -> None:
        interval = min(_LONGEST_INTERVAL_SECONDS, self._silence_seconds / 3)
        while not self._left.wait(interval):
            if not self._probe.answers(self._silence_seconds):
                self._give_up()
                break
        self._probe.close()

    def _give_up(self) -> None:
        with self._leaving:
            if self._left.is_set():
                return
            # First the exception, so that it is what the main thread finds when it wakes up.
            self._report(ServerSilent(self._silence_seconds))
            for connection in list(self._opened):
                shut(connection)


def shut(driver_connection: Any) -> None:  # noqa: ANN401 - whatever driver it is
    """Shut the socket of *driver_connection*; libpq sees the end of the stream and returns."""
    # One that is closed has no number any more.
    with suppress(Exception):
        shared = socket.socket(fileno=driver_connection.fileno())
        try:
            shared.shutdown(socket.SHUT_RDWR)
        finally:
            shared.detach()
