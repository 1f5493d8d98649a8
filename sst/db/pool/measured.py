"""A pool that says how many of its connections are in use, and how many requests wait for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.pool import QueuePool
from sqlalchemy.util.queue import Empty, Queue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """A pool at one moment."""

    in_use: int = 0
    """Connections that are lent, or being opened."""
    idle: int = 0
    waiting: int = 0
    """Threads that wait for a connection, because all of them are in use."""
    timeouts: int = 0
    """How often one has waited in vain, since the pool was made."""


class _WatchedQueue(Queue[T]):
    """The free connections, and who waits for one."""

    waiting = 0
    timeouts = 0

    def get(self, block: bool = True, timeout: float | None = None) -> T:  # noqa: FBT001, FBT002 - its signature
        """Return what `Queue.get` returns; it is asked to *block* only where all are in use."""
        if not block:
            return super().get(block, timeout)
        # The lock may be taken twice by one thread, and is given up while that one waits.
        with self.mutex:
            self.waiting += 1
            try:
                return super().get(block, timeout)
            except Empty:
                self.timeouts += 1
                raise
            finally:
                self.waiting -= 1


class MeasuredPool(QueuePool):
    """The pool of SQLAlchemy, with figures.

    A pool that takes its place, as `Engine.dispose` makes one, counts anew.
    """

    _queue_class: Any = _WatchedQueue

    def figures(self) -> PoolFigures:
        """Return how it stands now; waits for no connection."""
        queue: Any = self._pool
        with queue.mutex:
            # Before the first connection the overflow is minus the size.
            return PoolFigures(self.checkedout(), self.checkedin(), queue.waiting, queue.timeouts)
