"""Work in a daemon thread with a deadline: what hangs there is left alone and keeps no process.

Python runs a signal's handler in its main thread only, between two of its own instructions, so
the thread that waits must not wait in C. `Thread.join` does not serve: a signal that raises in
there makes a thread that runs look ended (seen on Python 3.11). Here it waits for an event.
"""

from __future__ import annotations

import contextvars
import weakref
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class NoAnswerError(Exception):
    """Work has not ended at its deadline."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")


def within(seconds: float, work: Callable[[], T], *, name: str = "sst-within") -> T:
    """Return what *work* returns, or raise what it raises, as it was raised.

    *work* is called in a daemon thread called *name*, with the context variables of the caller:
    what it logs and prints counts as the caller's.
    Raises `NoAnswerError` after *seconds*. The thread cannot be ended: it goes on until its work
    ends, at the latest with the process, and what it returns or raises then is dropped.
    What a signal's handler raises meanwhile is raised here at once, and the thread goes on, too.
    """
    return ThreadedWork(work, name=name).start().result(seconds)


class Worker:
    """A daemon thread called *name* that does one piece of work after another.

    Whoever made it ends it with `retire`; one that nobody refers to any more ends by itself.
    """

    def __init__(self, name: str) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.thread = Thread(target=_do_all, args=(self._queue,), name=name, daemon=True)
        self.thread.start()
        self._dropped = weakref.finalize(self, self._queue.put, None)
        self._dropped.atexit = False

    def do(self, work: Callable[[], None]) -> None:
        """Let the thread do *work*, which raises nothing, when it comes to it."""
        self._queue.put(work)

    def retire(self) -> None:
        """Let the thread end when it has done all of it.

        It need not be ended when it is dropped: what a signal raises in there is lost.
        """
        self._dropped.detach()
        self._queue.put(None)


def _do_all(queue: SimpleQueue[Callable[[], None] | None]) -> None:
    while work := queue.get():
        work()


class ThreadedWork(Generic[T]):
    """One piece of work in a thread of its own, for who does more than wait for it.

    The contract is that of `within`; nothing happens before `start`, so that whoever must stop
    the work has hold of it when a signal raises while the thread starts.
    """

    def __init__(self, work: Callable[[], T], *, name: str = "sst-within") -> None:
        self._work = work
        self._name = name
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._over = Event()

    @property
    def is_over(self) -> bool:
        """Whether the work has returned or raised."""
        return self._over.is_set()

    def start(self, worker: Worker | None = None) -> Self:
        """Begin the work, once; in the thread of *worker* when it has done all it had before."""
        run = partial(contextvars.copy_context().run, self._run)
        if worker:
            worker.do(run)
        else:
            # No worker that is dropped here: a signal that raises in its finalizer would be lost.
            Thread(target=run, name=self._name, daemon=True).start()
        return self

    def failure(self, seconds: float) -> BaseException | None:
        """Wait for the end, *seconds* at most; return what the work raised, None for a result.

        Work that has not ended is a `NoAnswerError`. Raises only what a signal's handler raises.
        """
        return self._error if self._over.wait(seconds) else NoAnswerError(seconds)

    def result(self, seconds: float) -> T:
        """Wait for the end, *seconds* at most; return what the work returned, or raise.

        Raises what the work raised, and `NoAnswerError`.
        """
        failure = self.failure(seconds)
        if failure is not None:
            raise failure
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        finally:
            self._over.set()
