"""The engine of this machine: a few processes, each with one database at a time.

Processes, because Alembic works for one database of a process; and they stay, because to read the
settings and to import takes longer than to find that there is nothing to do.
"""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

from sst.fleet.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.hooks.contract.fleet.jobs import Answer, Job

_PATIENCE = 2
"""Signals after which a process that is still there is killed."""


class Processes:
    """Up to *most* processes, which run *entry* and are made as they are needed."""

    def __init__(self, most: int, entry: str, greeting: Mapping[str, Any], *, quiet: bool) -> None:
        self._most = most
        self._entry = entry
        self._greeting = greeting
        self._quiet = quiet
        self._workers: list[WorkerProcess] = []
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        """Those that have been sent to all."""

    @property
    def free(self) -> int:
        """How many more jobs would begin at once."""
        return self._most - sum(worker.job is not None for worker in self._workers)

    def begin(self, job: Job) -> None:
        """Begin *job* in a process that waits, else in a new one."""
        idle = next((worker for worker in self._workers if worker.job is None), None)
        (idle or self._new()).begin(job)

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Return the answers that are there, or those that come first within the time."""
        ready = {key.data for key, _ in self._selector.select(timeout_seconds)}
        found: list[Answer] = []
        # What a dead one has started may hold its pipe open: then nothing is to be read.
        for worker in [each for each in self._workers if each in ready or each.has_ended]:
            answer, is_alive = worker.take()
            found += [answer] if answer else []
            if not is_alive:
                self._bury(worker)
        return found

    def withdraw(self) -> None:
        """Give back what nobody has begun: nothing, for a process begins at once."""

    def interrupt(self, signal_number: int) -> None:
        """Let all that is at work end in order, as that signal ends one run.

        A second time they end at once, as one run does; what is still there then is killed.
        """
        self._signals.append(signal_number)
        for worker in self._workers:
            if len(self._signals) > _PATIENCE:
                worker.kill()
            else:
                worker.signal(signal_number)

    def close(self) -> None:
        """End all processes; what is still at work is told to end."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.close()
        self._selector.close()

    def _new(self) -> WorkerProcess:
        worker = WorkerProcess(self._entry, self._greeting, quiet=self._quiet)
        self._workers.append(worker)
        self._selector.register(worker, selectors.EVENT_READ, worker)
        if self._signals and not worker.is_told:
            # The signal came while it was made.
            worker.signal(self._signals[0])
        return worker

    def _bury(self, worker: WorkerProcess) -> None:
        self._selector.unregister(worker)
        self._workers.remove(worker)
        worker.end()
        worker.close()
