"""Looks, while a revision runs, at the sessions that it waits for, and at the index it builds.

When the timeout has fired, no session blocks any more: so a thread looks again and again with a
connection of its own, and the last look before the end names the blockers.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Self

from sqlalchemy.exc import DBAPIError

from sst.errors import SstError
from sst.migrator.session.connections import open_connection
from sst.migrator.table_locks.blockers import find_blockers
from sst.migrator.table_locks.index_build import describe_build

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.table_locks.blockers import Blocker
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

_LONGEST_INTERVAL_SECONDS = 0.1
_LOOKS_PER_TIMEOUT = 6
_JOIN_SECONDS = 2.0
_TOLD_AFTER_SECONDS = 1.0


class BlockerWatch:
    """Keeps the last blockers of the backends that `watch` was given, while it is entered.

    *on_look* gets, each time, who blocks now and how far the server is with an index, in words.
    Nothing is connected before the first interval is over: most revisions are quicker.
    """

    def __init__(
        self,
        context: Context,
        *,
        timeout_seconds: float,
        on_look: Callable[[tuple[Blocker, ...], str], None] = lambda *_: None,
    ) -> None:
        self._context = context
        self._on_look = on_look
        self._patience_seconds = context.settings.lock_timeout + _TOLD_AFTER_SECONDS
        self._since = time.monotonic()
        self._is_told = False
        self._interval = min(_LONGEST_INTERVAL_SECONDS, timeout_seconds / _LOOKS_PER_TIMEOUT)
        self._pids: set[int] = set()
        self._blockers: tuple[Blocker, ...] = ()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def watch(self, backend_pid: int) -> None:
        """Add a server process whose waiting is looked at."""
        self._pids.add(backend_pid)

    def take(self) -> tuple[Blocker, ...]:
        """Return the last blockers that were seen, and forget them."""
        found, self._blockers = self._blockers, ()
        return found

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop looking; a server that does not answer is not waited for."""
        self._over.set()
        self._thread.join(_JOIN_SECONDS)

    def _look(self) -> None:
        if self._over.wait(self._interval):
            return
        try:
            with open_connection(self._context, "sst-blockers", autocommit=True) as connection:
                while not self._over.wait(self._interval):
                    pids = tuple(self._pids)
                    found = find_blockers(connection, pids)
                    self._on_look(found, describe_build(connection, pids))
                    self._see(found)
        except (SstError, DBAPIError) as error:
            # Who blocks is worth knowing, and never worth a failed run.
            log.debug("the blockers cannot be read: %s", type(error).__name__)
            while not self._over.wait(self._interval):
                self._on_look((), "")

    def _see(self, found: tuple[Blocker, ...]) -> None:
        """Keep *found*; log it once when the wait is longer than any lock timeout.

        Only a concurrent statement waits like that, without a word of the server's.
        """
        self._blockers = found or self._blockers
        now = time.monotonic()
        if not found:
            self._since, self._is_told = now, False
        elif not self._is_told and now - self._since > self._patience_seconds:
            self._is_told = True
            for blocker in found:
                log.info("still waiting for %s", self._context.redact(str(blocker)))
