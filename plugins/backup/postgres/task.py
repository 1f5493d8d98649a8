"""Work in a thread, so that the main thread stays free for signals and deadlines.

Python runs a signal handler in its main thread only, between two of its own instructions; libpq
waits for the server in C and would hold it off for as long as the server likes.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from sst.hooks import Veto

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Deadline

_GRACE_SECONDS = 5.0
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
        self._work = work
        self._cancel = cancel
        self._results: list[_T] = []
        self._error: BaseException | None = None
        # Not Thread.join: a signal that raises in there makes the thread look ended.
        self._done = threading.Event()

    def __enter__(self) -> Self:
        """Start the work.

        A signal that raises in here, while the thread starts, ends it too: nobody else would.
        """
        try:
            threading.Thread(target=self._run, name="sst-backup", daemon=True).start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End the work; what it raises now is of no interest any more."""
        if not self._done.is_set() and self._cancel:
            with suppress(Exception):
                self._cancel()
            self._done.wait(_GRACE_SECONDS)

    def check(self) -> None:
        """Raise what the work raised, if it did."""
        if self._error is not None:
            raise self._error

    def result(self, deadline: Deadline) -> _T:
        """Wait for the work and return its result.

        Raises what it raised, and `LateError` at the *deadline*.
        """
        self._done.wait(deadline.left)
        self.check()
        if not self._results:
            raise LateError(self._what, deadline.seconds)
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that asks
            self._error = error
        finally:
            self._done.set()
