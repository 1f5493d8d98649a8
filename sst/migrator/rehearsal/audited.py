"""Python's own audit events while a revision runs: what it opens, starts and connects to.

The interpreter takes no hook back, so there is one for the process, which hands the events on.
Source: Python manual, "Audit events table".
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from sst.migrator.rehearsal.beyond import BeyondCopyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Listener = Callable[[str, tuple[object, ...]], None]

_PROGRAMS = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork")
_listeners: list[Listener] = []


@contextmanager
def audited(listener: Listener) -> Iterator[None]:
    """Let *listener* hear name and arguments of each event in the body; what it raises ends it."""
    _install()
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def kept_inside() -> Iterator[None]:
    """Raise `BeyondCopyError` before the body starts a program or connects over the network.

    What other threads do is no revision's. A socket of this machine may be that of its log.
    """
    others = set(threading.enumerate()) - {threading.current_thread()}

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        way = _way_out(event, arguments)
        if way and threading.current_thread() not in others:
            raise BeyondCopyError(f"{way}, which nothing takes back")

    with audited(hear):
        yield


def _way_out(event: str, arguments: tuple[object, ...]) -> str | None:
    if event in _PROGRAMS:
        return "starts a program"
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host, port, *_ = arguments[1]
        return f"connects to {host}, port {port}"
    return None


@cache
def _install() -> None:
    sys.addaudithook(_hand_on)


def _hand_on(event: str, arguments: tuple[object, ...]) -> None:
    for listener in tuple(_listeners):
        listener(event, arguments)
