"""Looks, while a revision runs, at the sessions that it waits for, and at the index it builds.

When the timeout has fired, no session blocks any more: so a thread looks again and again with a
connection of its own, and the last look before the end names the blockers. It is one thread for
all revisions of a run.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from sqlalchemy.exc import DBAPIError

from sst.errors import SstError
from sst.migrator.session.connections import open_connection
from sst.migrator.table_locks.blockers import find_blockers
from sst.migrator.table_locks.index_build import describe_build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection

    from sst.migrator.table_locks.blockers import Blocker
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

_LONGEST_INTERVAL_SECONDS = 0.1
_LOOKS_PER_TIMEOUT = 6
_JOIN_SECONDS = 2.0
_TOLD_AFTER_SECONDS = 1.0


@dataclass
class _Looks:
    """What was seen during one revision."""

    blockers: tuple[Blocker, ...] = ()
    since: float = field(default_factory=time.monotonic)
    free: float = field(default_factory=time.monotonic)
    """When nobody was in the way, the last time."""
    is_told: bool = False
    is_blind: bool = False
    """Whether no look of it is possible."""


class BlockerWatch:
    """Keeps the last blockers of the backends that `watch` was given, for the body of `during`.

    *on_look* gets, each time, who blocks now and how far the server is with an index, in words.
    Nothing is connected before the first interval of a revision is over: most are quicker.
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
        self._interval = min(_LONGEST_INTERVAL_SECONDS, timeout_seconds / _LOOKS_PER_TIMEOUT)
        self._pids: set[int] = set()
        self._looks: _Looks | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def watch(self, backend_pid: int) -> None:
        """Add a server process whose waiting is looked at."""
        self._pids.add(backend_pid)

    def take(self) -> tuple[Blocker, ...]:
        """Return the last blockers that were seen, and forget them."""
        looks = self._looks
        if looks is None:
            return ()
        found, looks.blockers = looks.blockers, ()
        return found

    @contextmanager
    def during(self) -> Iterator[None]:
        """Look while the body lasts, which is one revision with all its attempts."""
        self._looks = _Looks()
        try:
            yield
        finally:
            self._looks = None

    def __enter__(self) -> Self:
        """Be ready to look."""
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop looking; a server that does not answer is not waited for."""
        self._over.set()
        self._thread.join(_JOIN_SECONDS)

    def _look(self) -> None:
        with ExitStack() as opened:
            connection: Connection | None = None
            while not self._over.wait(self._interval):
                looks = self._looks
                if looks is None or time.monotonic() - looks.since < self._interval:
                    continue
                try:
                    if connection is None and not looks.is_blind:
                        connection = opened.enter_context(self._connected())
                    found, build = self._found(connection)
                except (SstError, DBAPIError) as error:
                    # Who blocks is worth knowing, and never worth a failed run.
                    log.debug("the blockers cannot be read: %s", type(error).__name__)
                    connection, looks.is_blind = None, True
                    opened.close()
                    found, build = (), ""
                # What a look of the revision before has found is nothing of this one.
                if looks is self._looks:
                    self._on_look(found, build)
                    self._see(looks, found)

    def _connected(self) -> AbstractContextManager[Connection]:
        return open_connection(self._context, "sst-blockers", autocommit=True)

    def _found(self, connection: Connection | None) -> tuple[tuple[Blocker, ...], str]:
        if connection is None:
            return (), ""
        pids = tuple(self._pids)
        return find_blockers(connection, pids), describe_build(connection, pids)

    def _see(self, looks: _Looks, found: tuple[Blocker, ...]) -> None:
        """Keep *found*; log it once when the wait is longer than any lock timeout.

        Only a concurrent statement waits like that, without a word of the server's.
        """
        looks.blockers = found or looks.blockers
        now = time.monotonic()
        if not found:
            looks.free, looks.is_told = now, False
        elif not looks.is_told and now - looks.free > self._patience_seconds:
            looks.is_told = True
            for blocker in found:
                log.info("still waiting for %s", self._context.redact(str(blocker)))
