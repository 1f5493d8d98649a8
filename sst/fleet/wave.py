"""The databases of one wave: those that wait, by their servers, and those that are at work."""

from __future__ import annotations

import heapq
import time
from collections import Counter, deque
from itertools import count
from typing import TYPE_CHECKING

from sst.db.url import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.config.sources.target import Target
    from sst.hooks.contract.fleet.jobs import Answer, Job

    Server = tuple[str, ...]
    Try = tuple[Target, int]
    """A database, and which attempt on it this is, from 1 on."""


class Wave:
    """Gives out *targets*, one at a time, at most *per_server* of one server at once."""

    def __init__(self, targets: Sequence[Target], per_server: int) -> None:
        self._per_server = per_server
        self._queues: dict[Server, deque[Try]] = {}
        self._turns: deque[Server] = deque()
        """The servers for which some wait, in the order in which they are asked."""
        self._later: list[tuple[float, int, Try]] = []
        """Those that are tried again, by the time for it."""
        self._numbers = count()
        self._busy: Counter[Server] = Counter()
        self._tries: Counter[tuple[str, int | None]] = Counter()
        for target in targets:
            self._queue((target, 1))

    @property
    def at_work(self) -> int:
        """How many are at work."""
        return self._busy.total()

    @property
    def left(self) -> bool:
        """Whether any waits."""
        return bool(self._later or self._turns)

    def next_try(self) -> Try | None:
        """Return one that may begin now; servers take turns."""
        self._call_back()
        for _ in range(len(self._turns)):
            server = self._turns.popleft()
            if self._busy[server] < self._per_server:
                found = self._queues[server].popleft()
                self._busy[server] += 1
                if self._queues[server]:
                    self._turns.append(server)
                return found
            self._turns.append(server)
        return None

    def ended(self, answer: Answer) -> None:
        """Say that the job of *answer* is no longer at work."""
        self._busy[server_of(answer.job.target)] -= 1

    def count(self, answer: Answer) -> int:
        """Return how often its database has ended with this exit code, *answer* included."""
        key = (answer.job.target.name, answer.exit_code)
        self._tries[key] += 1
        return self._tries[key]

    def again(self, job: Job, attempt: int, *, after_seconds: float = 0.0) -> None:
        """Let the database of *job* wait once more, for its *attempt*."""
        due = time.monotonic() + after_seconds
        heapq.heappush(self._later, (due, next(self._numbers), (job.target, attempt)))

    def _call_back(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            self._queue(heapq.heappop(self._later)[2])

    def _queue(self, one: Try) -> None:
        server = server_of(one[0])
        queue = self._queues.setdefault(server, deque())
        if not queue:
            self._turns.append(server)
        queue.append(one)


def server_of(target: Target) -> Server:
    """Return the server of *target*, by its hosts and ports as they are written."""
    return DatabaseUrl(target.url).place()[:-1]
