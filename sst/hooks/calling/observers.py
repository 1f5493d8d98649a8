"""Call observers: each in its daemon thread with a deadline, so that none can change an outcome.

An observer keeps its thread from call to call, unless it is late, until they are closed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sst.hooks.calling.calls import HookProblem, warn, watched
from sst.hooks.calling.deadlines import Deadlines, in_thread
from sst.hooks.calling.isolation import leave_running
from sst.tracing.spans import current
from sst.within import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sst.hooks.calling.calls import Arguments, Implementation
    from sst.within import ThreadedWork


_FAREWELL_SECONDS = 1.0


@dataclass(slots=True)
class Observers:
    """Calls observers one after the other and remembers who is still busy."""

    deadlines: Deadlines = field(default_factory=Deadlines)
    _busy: dict[tuple[str, str], ThreadedWork[object]] = field(default_factory=dict)
    _workers: dict[tuple[str, str], Worker] = field(default_factory=dict)

    def close(self) -> None:
        """End the threads of the observers, those aside that hang: they are the plugins' own."""
        while self._workers:
            _, worker = self._workers.popitem()
            worker.retire()
            worker.thread.join(_FAREWELL_SECONDS)

    def observe(
        self, implementations: Iterable[Implementation], arguments: Arguments
    ) -> tuple[HookProblem, ...]:
        """Call every implementation and return those that raised or did not end in time."""
        called = list(implementations)
        end = time.monotonic() + self._total_seconds(called)
        problems = (self._one(each, arguments, end) for each in called)
        return tuple(problem for problem in problems if problem is not None)

    def _total_seconds(self, called: Sequence[Implementation]) -> float:
        """Return the time of all; who was given more than the others adds it."""
        each = self.deadlines.each_seconds
        more = (max(0.0, (one.terms.deadline_seconds or each) - each) for one in called)
        return self.deadlines.total_seconds + sum(more)

    def _one(
        self, implementation: Implementation, arguments: Arguments, end: float
    ) -> HookProblem | None:
        own = implementation.terms.deadline_seconds or self.deadlines.each_seconds
        what = self._outcome(implementation, arguments, min(own, end - time.monotonic()))
        if what is None:
            return None
        warn(implementation, what)
        return HookProblem(implementation.plugin, implementation.hook, what)

    def _outcome(
        self, implementation: Implementation, arguments: Arguments, seconds: float
    ) -> str | None:
        """Return what went wrong, None when nothing did."""
        key = (implementation.plugin, implementation.hook)
        if key in self._busy and not self._busy[key].is_over:
            # One hung webhook must not cost its deadline again for each of a hundred revisions.
            return "not called: its previous call has not ended yet"
        if seconds <= 0:
            return "not called: the plugins before it used up the time"
        # Before it is watched: the thread is ours as long as the observer is in time.
        worker = self._workers.pop(key, None) or Worker(f"{implementation.hook}-{key[0]}")
        with watched(*key) as quota:
            call = in_thread(implementation, partial(implementation.call, arguments), quota)
            self._busy[key] = call.start(worker)
            try:
                error = call.failure(seconds)
                if error is not None:
                    current().fail(error)
            finally:
                if call.is_over:
                    self._workers[key] = worker
                else:
                    worker.retire()
                    leave_running(worker.thread, f"plugin {key[0]}, {key[1]}", quota)
        return None if error is None else implementation.outcome(error)
