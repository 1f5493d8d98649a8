"""Doing something that may hang: in a thread of its own, waited for until a deadline.

A driver may wait for ever on a connection that is open and silent, and a library in C may not let
a signal through: the waiting thread does both. What it no longer waits for is told so, and cannot
be ended: it stops at its next step, at the latest with the process.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Deadline

T = TypeVar("T")


class StalledError(Exception):
    """Work was not done at its deadline."""


class AbandonedError(Exception):
    """Nobody waits for this work any more."""


class Watch:
    """What work is given, to ask whether anybody still waits for it."""

    def __init__(self) -> None:
        self._abandoned = threading.Event()

    def abandon(self) -> None:
        """Tell the work to stop at its next step."""
        self._abandoned.set()

    def check(self) -> None:
        """Raise `AbandonedError` when nobody waits any more."""
        if self._abandoned.is_set():
            raise AbandonedError


def bounded(work: Callable[[Watch], T], deadline: Deadline) -> T:
    """Return what *work* returns, or raise what it raises.

    Raises `StalledError` at the *deadline*; a signal's exception ends the waiting as well.
    """
    watch = Watch()
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work(watch))
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, name="sst-backup", daemon=True).start()
    try:
        is_done = done.wait(deadline.left)
    except BaseException:
        watch.abandon()
        raise
    if not is_done:
        watch.abandon()
        raise StalledError(f"not done after {deadline.seconds:g} s")
    if errors:
        raise errors[0]
    return results[0]
