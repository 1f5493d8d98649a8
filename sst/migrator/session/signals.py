"""SIGINT and SIGTERM during a run: the statement is cancelled and the run ends in order.

Python runs a signal handler only between two of its own instructions, and libpq waits for the
server in C. So a thread is woken by the signal itself (`signal.set_wakeup_fd`) and asks the server
to cancel; the statement then fails, and the handler raises in the main thread.
A server that has frozen cancels nothing, so the same thread ends the process at the second signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, NoReturn, Self

from sst.within import ThreadedWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    TraceFunction = Callable[[FrameType, str, object], "TraceFunction | None"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_CANCEL_AGAIN_SECONDS = 0.2
_LAST_WORDS_SECONDS = 2.0


class Interrupt(BaseException):
    """Raised in the main thread by the first SIGINT or SIGTERM; no plugin should swallow it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


class Interrupts:
    """Watch for signals while the context is entered.

    *cancel* is called on a thread of its own, with the server process numbers that were announced
    by `watch`, until the context is left.
    A second signal of either kind ends the process at once, whatever the main thread waits for:
    *last_words* is called with its number before, and the server drops what is open.
    Outside the main thread (a test, a worker) signals are left alone.
    """

    def __init__(
        self,
        cancel: Callable[[frozenset[int]], None],
        last_words: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._cancel = cancel
        self._last_words = last_words
        self._backends: set[int] = set()
        self._shields = 0
        self._pending: BaseException | None = None
        self._given_up: BaseException | None = None
        self._raised: BaseException | None = None
        self._seen = False
        self._insists: Callable[[str], bool] | None = None
        self._sending = threading.Lock()
        self._is_leaving = False
        self._own_signals = 0
        """Signals that are on their way from `give_up`; no person sent them."""
        self._is_detached = False
        self._left = threading.Event()
        self._installed = False

    def watch(self, backend_pid: int) -> None:
        """Add a server process whose statement a signal must cancel."""
        self._backends.add(backend_pid)

    def forget(self, backend_pid: int) -> None:
        """Take a server process out again, before its number can be another session's."""
        self._backends.discard(backend_pid)

    def give_up(self, error: BaseException) -> None:
        """Raise *error* in the main thread, as a signal does; called from another thread."""
        with self._sending:
            if not self._seen and self._installed:
                self._given_up = error
                self._signal_ourselves()

    def insist(self, is_of_project: Callable[[str], bool]) -> None:
        """Raise the error of `give_up` again, for code that has swallowed it.

        Within a `try` it would be swallowed again: it is raised in the next line of a file that
        *is_of_project*, too, which is the one that swallows it.
        """
        with self._sending:
            if self._raised is not None and self._raised is self._given_up:
                self._insists = is_of_project
                self._signal_ourselves()

    def _signal_ourselves(self) -> None:
        # With the handlers that were there before it would be somebody else's, or the end.
        if not self._is_leaving:
            self._own_signals += 1
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    @contextlib.contextmanager
    def shielded(self) -> Iterator[None]:
        """Put a signal off until the block is left: for the record of the run."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
            self._raise_pending()

    @contextlib.contextmanager
    def detached(self) -> Iterator[None]:
        """Put a signal off, and cancel nothing: the server processes known so far are ended.

        Their numbers may soon be other people's, and asking for it would take a connection.
        """
        with self.shielded():
            self._backends.clear()
            self._is_detached = True
            try:
                yield
            finally:
                # A signal that waits is about to be raised: nothing runs that it must cancel.
                self._is_detached = self._pending is not None

    def settle(self) -> None:
        """Let the interrupt that was raised be over: what broke off is reported otherwise."""
        self._raised = None

    def raise_given_up(self) -> None:
        """Raise what `give_up` was called with, where the handlers of others got its signal."""
        if self._given_up is not None:
            raise self._given_up

    def check(self) -> None:
        """Raise a signal that came while nothing could be raised."""
        self._raise_pending()

    @contextlib.contextmanager
    def unmasked(self) -> Iterator[None]:
        """Raise the interrupt where a library raised something else because of it.

        SQLAlchemy invalidates a connection that an interrupt goes through, and Alembic's
        autocommit block then wants to put its isolation level back.
        """
        try:
            yield
        except Exception:
            self._raise_pending()
            if self._raised is None:
                raise
            raise self._raised from None

    def __enter__(self) -> Self:
        """Install the handlers."""
        self._installed = threading.current_thread() is threading.main_thread()
        if self._installed:
            self._tracer = sys.gettrace()
            self._reader, self._writer = os.pipe()
            os.set_blocking(self._writer, False)
            self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
            self._previous = {number: signal.signal(number, self._handle) for number in _SIGNALS}
            self._thread = threading.Thread(target=self._listen, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Put back the handlers that were there."""
        if not self._installed:
            return
        with self._sending:
            self._is_leaving = True
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if self._given_up:
            sys.settrace(self._tracer)
        signal.set_wakeup_fd(self._wakeup)
        self._left.set()
        os.close(self._writer)
        self._thread.join(timeout=2.0)
        os.close(self._reader)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._insists and self._given_up and not (self._shields or self._is_leaving):
            is_of_project, self._insists = self._insists, None
            raise_in_lines(frame, self._given_up, is_of_project)
        if self._seen:
            return
        self._seen = True
        self._pending = self._given_up or Interrupt(number)
        if not _is_called_by_driver(frame):
            self._raise_pending()

    def _raise_pending(self) -> None:
        if self._pending is not None and not self._shields:
            self._raised, self._pending = self._pending, None
            self._backends.clear()
            raise self._raised

    def _listen(self) -> None:
        """Read the numbers of the signals: cancel at the first, end the process at the second."""
        count = 0
        while told := os.read(self._reader, 1):
            number = told[0]
            if number not in _SIGNALS:
                continue
            if number == signal.SIGTERM and self._own_signals:
                self._own_signals -= 1
                continue
            count += 1
            if count == 1:
                threading.Thread(target=self._cancel_again, daemon=True).start()
            else:
                self._end_at_once(number)

    def _end_at_once(self, number: int) -> None:
        # What there is to say must not keep the process, a full pipe for instance.
        words = partial(self._last_words, number)
        ThreadedWork(words, name="last-words").start().failure(_LAST_WORDS_SECONDS)
        os._exit(128 + number)

    def _cancel_again(self) -> None:
        # A server that is silent cancels nothing.
        while not self._left.is_set() and self._given_up is None:
            with contextlib.suppress(Exception):
                if self._backends and not self._is_detached:
                    self._cancel(frozenset(self._backends))
            self._left.wait(_CANCEL_AGAIN_SECONDS)


def raise_in_lines(
    frame: FrameType | None, error: BaseException, is_of_project: Callable[[str], bool]
) -> NoReturn:
    """Raise *error* now, and in the next line of *frame*, or of a caller, that *is_of_project*."""

    def trace(at: FrameType, event: str, _: object) -> TraceFunction | None:
        if not is_of_project(at.f_code.co_filename):
            return None
        if event == "line":
            # Python takes the function away itself when it raises.
            raise error
        return trace

    while frame:
        frame.f_trace, frame = trace, frame.f_back
    sys.settrace(trace)
    raise error


def _is_called_by_driver(frame: FrameType | None) -> bool:
    """Say whether psycopg2 decodes a message: it drops what is raised there, and prints it.

    It is about to raise an error of its own, which `unmasked` sees.
    """
    return frame is not None and frame.f_globals.get("__package__") == "encodings"
