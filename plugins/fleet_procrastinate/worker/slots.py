"""The databases that one worker has at work: a process of the core for each."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from threading import Event

    from sst.hooks import Answer, Engine, Job

    MakeEngine = Callable[[int], AbstractContextManager[Engine]]

_ROUND_SECONDS = 0.2


class Slots:
    """So *many* jobs at once, each in an engine of its own that *make* makes.

    An engine for each, so that one job can be asked to end while the others go on.
    """

    def __init__(self, make: MakeEngine, many: int) -> None:
        self._threads = ThreadPoolExecutor(many, thread_name_prefix="sst-fleet")
        self._idle: SimpleQueue[_Slot] = SimpleQueue()
        self._slots = [_Slot(make) for _ in range(many)]
        for slot in self._slots:
            self._idle.put(slot)

    def start(self, job: Job, stop: Event) -> Future[Answer]:
        """Begin *job*; it is asked to end in order when *stop* is set."""
        return self._threads.submit(self._run, job, stop)

    def close(self) -> None:
        """End the processes; nothing is at work in them."""
        self._threads.shutdown()
        for slot in self._slots:
            slot.close()

    def _run(self, job: Job, stop: Event) -> Answer:
        slot = self._idle.get()
        try:
            return slot.run(job, stop)
        finally:
            self._idle.put(slot)


class _Slot:
    """One job at a time; the process stays for the next one."""

    def __init__(self, make: MakeEngine) -> None:
        self._make = make
        self._opened: AbstractContextManager[Engine] | None = None
        self._engine: Engine | None = None

    def run(self, job: Job, stop: Event) -> Answer:
        """Return what became of *job*."""
        if self._engine is None:
            self._opened = self._make(1)
            self._engine = self._opened.__enter__()
        engine, is_asked = self._engine, False
        engine.begin(job)
        while not (found := engine.answers(_ROUND_SECONDS)):
            if stop.is_set() and not is_asked:
                is_asked = True
                engine.interrupt(signal.SIGTERM)
        if is_asked:
            # A process that was asked to end takes nothing any more.
            self.close()
        return found[0]

    def close(self) -> None:
        """End the process."""
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
        self._opened = self._engine = None
