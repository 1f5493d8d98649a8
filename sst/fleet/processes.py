"""The engine of this machine: a few processes, each with one database at a time.

Processes, because Alembic works for one database of a process; and they stay, because to read the
settings and to import takes longer than to find that there is nothing to do.
"""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

from sst.errors import SstError
from sst.fleet.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.hooks.contract.fleet.jobs import Answer, Job

_MOST_DEATHS_IN_A_ROW = 20


class Processes:
    """Up to *most* processes, which run *entry* and are made as they are needed."""

    def __init__(self, most: int, entry: str, greeting: Mapping[str, Any], *, quiet: bool) -> None:
        self._most = most
        self._entry = entry
        self._greeting = greeting
        self._quiet = quiet
        self._workers: list[WorkerProcess] = []
        self._selector = selectors.DefaultSelector()
        self._deaths = 0
        """In a row, without an answer between two."""

    @property
    def free(self) -> int:
        """How many more jobs would begin at once."""
        return self._most - sum(worker.job is not None for worker in self._workers)

    def begin(self, job: Job) -> None:
        """Begin *job* in a process that waits, else in a new one."""
        idle = next((worker for worker in self._workers if worker.job is None), None)
        (idle or self._new()).begin(job)

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Return the answers that are there, or those that come first within the time.

        Raises `SstError` when the processes die one after the other, before any has worked.
        """
        found: list[Answer] = []
        for key, _ in self._selector.select(timeout_seconds):
            worker: WorkerProcess = key.data
            answer, is_alive = worker.take()
            found += [answer] if answer else []
            self._deaths = 0 if is_alive and answer else self._deaths
            if not is_alive:
                self._bury(worker)
        return found

    def withdraw(self) -> None:
        """Give back what nobody has begun: nothing, for a process begins at once."""

    def interrupt(self, signal_number: int) -> None:
        """Let all that is at work end in order, as that signal ends one run."""
        for worker in self._workers:
            worker.signal(signal_number)

    def close(self) -> None:
        """End all processes; what is still at work is told to end."""
        for worker in self._workers:
            worker.close()
        self._workers.clear()
        self._selector.close()

    def _new(self) -> WorkerProcess:
        worker = WorkerProcess(self._entry, self._greeting, quiet=self._quiet)
        self._selector.register(worker, selectors.EVENT_READ, worker)
        self._workers.append(worker)
        return worker

    def _bury(self, worker: WorkerProcess) -> None:
        self._selector.unregister(worker)
        self._workers.remove(worker)
        worker.close()
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS_IN_A_ROW:
            raise SstError(
                what="The processes that work on the databases die one after the other.",
                why=f"{self._deaths} of them, and none has come to an end with a database",
                next_step="run one database with --target NAME and see what it says",
            )
