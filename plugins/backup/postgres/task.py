"""Work in a thread that is also stopped: `within` of the core can only stop waiting for it.

libpq waits for the server in C, and holds a signal off for as long as the server likes; a driver
may wait for ever on a connection that is open and silent. The thread that waits for them does
neither. Work that it no longer waits for is cancelled, or stops at its next step.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from sst.hooks import NoAnswerError, ThreadedWork, Veto, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Deadline

_GRACE_SECONDS = 5.0
_THREAD = "sst-backup"
_T = TypeVar("_T")


class LateError(Veto):
    """Work was not done at its deadline."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(
            f"{what} was not done after {seconds:g} s",
            "raise plugins.backup.timeout_seconds, or look for what blocks it",
        )


class Task(Generic[_T]):
    """A function that runs in a thread; a context manager that ends it with *cancel*.

    *what* names it where it is late, such as `counting the rows`.

    *cancel* must make the function return soon; when it does not, the thread is left behind and
    does not keep the process alive.
    """

    def __init__(
        self, what: str, work: Callable[[], _T], cancel: Callable[[], None] | None = None
    ) -> None:
        self._what = what
        self._work = ThreadedWork(work, name=_THREAD)
        self._cancel = cancel

    def __enter__(self) -> Self:
        """Start the work.

        A signal that raises in here, while the thread starts, ends it too: nothing else would.
        """
        try:
            self._work.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End the work; what it raises now is of no interest any more."""
        if self._cancel and not self._work.is_over:
            with suppress(Exception):
                self._cancel()
            self._work.failure(_GRACE_SECONDS)

    def check(self) -> None:
        """Raise what the work raised, if it did."""
        if self._work.is_over:
            self._work.result(0)

    def result(self, deadline: Deadline) -> _T:
        """Wait for the work and return its result.

        Raises what it raised, and `LateError` at the *deadline*.
        """
        try:
            return self._work.result(deadline.left)
        except NoAnswerError:
            raise LateError(self._what, deadline.seconds) from None


class AbandonedError(Exception):
    """The caller of this work waits no more."""


class Watch:
    """Shows work whether its caller still waits for it."""

    def __init__(self) -> None:
        self._abandoned = Event()

    def abandon(self) -> None:
        """Stop the work at its next step."""
        self._abandoned.set()

    def check(self) -> None:
        """Raise `AbandonedError` when the caller waits no more."""
        if self._abandoned.is_set():
            raise AbandonedError


def watched(work: Callable[[Watch], _T], deadline: Deadline) -> _T:
    """Return what *work* returns, or raise what it raises.

    Raises `NoAnswerError` at the *deadline*; then, and when a signal raises, *work* is abandoned.
    """
    watch = Watch()
    try:
        return within(deadline.left, lambda: work(watch), name=_THREAD)
    finally:
        watch.abandon()
