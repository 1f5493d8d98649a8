"""A revision that is run on a copy: it may not leave the process that it runs in."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sst.migrator.rehearsal.beyond import BeyondCopyError
from sst.process.looks import audited

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAMS = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork")


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
