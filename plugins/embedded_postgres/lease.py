"""The users of a server: one shared file lock per process, which ends with it however it ends.

The kernel gives a lock back when its process dies, `kill -9` included, so there is no list of
process ids that could be out of date. The server is stopped by whoever gets the lock alone:
the last user on its way out, or the keeper when that user was killed.
"""

from __future__ import annotations

import atexit
import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import postmaster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .place import Place

_MODE = 0o600
_held: dict[Place, int] = {}
_keepers: dict[Place, int] = {}


@contextmanager
def starting(place: Place) -> Iterator[None]:
    """Let one process at a time look after the start of *place*'s server."""
    descriptor = _open(place.start_lock)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def hold(place: Place) -> None:
    """Keep *place*'s server from being stopped until this process ends; waits out a stop."""
    if place in _held:
        return
    descriptor = _open(place.users_lock)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held[place] = descriptor
    atexit.register(_release_at_exit, place, os.getpid())


def remember_keeper(place: Place, process_id: int) -> None:
    """Take note of the keeper that this process has started: it is awaited at the end."""
    _keepers[place] = process_id


def release(place: Place) -> None:
    """Stop using *place*'s server; stop the server when nobody else uses it.

    Closing, not unlocking: a forked child keeps what it has inherited.
    """
    descriptor = _held.pop(place, None)
    if descriptor is not None:
        os.close(descriptor)
        _stop_if_unused(place)


def _release_at_exit(place: Place, owner: int) -> None:
    if os.getpid() == owner:
        release(place)


def _stop_if_unused(place: Place) -> None:
    try:
        descriptor = _open(place.users_lock)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Others use it; or the keeper is just stopping it, which this waits for.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    else:
        postmaster.stop(place.data)
        os.close(descriptor)
        _await_keeper(place)
        return
    os.close(descriptor)


def _await_keeper(place: Place) -> None:
    keeper = _keepers.pop(place, None)
    if keeper is not None:
        postmaster.reap(keeper)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
