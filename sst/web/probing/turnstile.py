"""A bound on how many looks at the database are open at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sst.errors import DatabaseUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.hooks.contract.checks import Inspection


class Turnstile:
    """Let at most *places* inspections be open at once; refuse further ones at once.

    A check that hangs for hours keeps its thread and its connection.
    Without a limit every probe would leave more of them behind.
    """

    def __init__(self, inspect: Callable[[], Inspection], places: int) -> None:
        self._inspect = inspect
        self._places = threading.Semaphore(places)

    @contextmanager
    def inspect(self) -> Iterator[Inspection]:
        """Yield an inspection; raise `DatabaseUnreachableError` when too many are still open."""
        if not self._places.acquire(blocking=False):
            raise DatabaseUnreachableError(what="Earlier checks still wait for the database.")
        try:
            with self._inspect() as inspection:
                yield inspection
        finally:
            self._places.release()
