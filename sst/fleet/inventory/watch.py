"""The watch over all databases: one short look at each in turn, spread over the time.

It runs in daemon threads of its own, a few looks at once, and keeps a few words of each database.
Nobody waits for it: what it knows is read without it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from sst.errors import SstError
from sst.fleet.inventory.entry import Entry
from sst.fleet.inventory.inventory import inventory_of
from sst.fleet.silent_servers import SilentServers
from sst.within import NoAnswerError, ThreadedWork, within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.config.sources.target import Target
    from sst.fleet.inventory.inventory import Inventory
    from sst.migrator.standing.brief import Brief, BriefLook

_LIST_SECONDS = 90.0
"""For the list: a catalogue has a minute of its own."""
_FIRST_PAUSE_SECONDS = 0.05
"""The longest between two looks of the first round, so that a picture is there soon."""
_AGAIN_SECONDS = 10.0
"""Before the list is read again, where it could not be and there is none of before."""
_MOST_LEFT = 20
"""Looks that hang in their threads although broken off; with so many no other is begun."""

_log = logging.getLogger(__name__)


class Watch:
    """Look at each target of *list_targets* once in *every_seconds*, *at_once* at the same time.

    *look_at* returns a look at one, which is given up after *look_seconds*. Both may raise.
    *heads* returns the newest revisions of the code.
    """

    def __init__(
        self,
        list_targets: Callable[[], Sequence[Target]],
        look_at: Callable[[Target], BriefLook],
        heads: Callable[[], Sequence[str]],
        *,
        every_seconds: float,
        at_once: int,
        look_seconds: float,
    ) -> None:
        self._list_targets, self._look_at, self._heads = list_targets, look_at, heads
        self._every_seconds, self._at_once = every_seconds, at_once
        self._look_seconds = look_seconds
        self._stopped = threading.Event()
        self._turn = threading.Lock()
        """Held by the thread whose look is the next."""
        self._due: deque[tuple[float, Target]] = deque()
        self._next_round = 0.0
        self._targets: tuple[Target, ...] = ()
        self._entries: dict[str, Entry] = {}
        self._at_work: set[str] = set()
        self._left: dict[str, ThreadedWork[Brief]] = {}
        self._silent = SilentServers()
        self._is_listed, self._list_error = False, ""
        self._is_first = True

    def start(self) -> None:
        """Begin to look."""
        for number in range(self._at_once):
            name = f"fleet-watch-{number}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def stop(self) -> None:
        """Begin no other look; those that are under way hold nobody."""
        self._stopped.set()

    def inventory(self) -> Inventory:
        """Return what is known of all databases."""
        return inventory_of(
            list(self._entries.values()),
            self._heads(),
            is_listed=self._is_listed,
            list_error=self._list_error,
            every_seconds=self._every_seconds,
        )

    def _work(self) -> None:
        while target := self._next():
            self._look(target)
            self._at_work.discard(target.name)

    def _next(self) -> Target | None:
        """Return the next one when its look is due; None at the end."""
        with self._turn:
            while not self._is_stopped_before(self._due[0][0] if self._due else self._next_round):
                if not self._due:
                    self._begin_round()
                    continue
                _, target = self._due.popleft()
                # One that takes longer than a round is not looked at twice at once.
                if target.name not in self._at_work:
                    self._at_work.add(target.name)
                    return target
        return None

    def _is_stopped_before(self, moment: float) -> bool:
        return self._stopped.wait(max(0.0, moment - time.monotonic()))

    def _begin_round(self) -> None:
        began = time.monotonic()
        targets = self._read_list()
        # An application may start before its catalogue does.
        is_late = not targets and self._list_error
        wait = min(self._every_seconds, _AGAIN_SECONDS) if is_late else self._every_seconds
        self._next_round = began + wait
        pause = self._every_seconds / max(1, len(targets))
        if self._is_first:
            pause = min(pause, _FIRST_PAUSE_SECONDS)
        self._is_first = not targets
        self._silent.forget()
        self._due.extend((began + number * pause, each) for number, each in enumerate(targets))

    def _read_list(self) -> Sequence[Target]:
        """Return all targets as the list has them now; as it was, where it cannot be read."""
        try:
            targets = within(_LIST_SECONDS, self._list_targets, name="fleet-list")
        except Exception as error:  # noqa: BLE001 - a watch has no caller to crash
            self._list_error = _reason(error)
            return self._targets
        before = {target.name: (target.url, target.schema) for target in self._targets}
        kept = self._entries
        self._entries = {
            each.name: kept[each.name]
            if before.get(each.name) == (each.url, each.schema)
            else Entry(each.name)
            for each in targets
        }
        self._targets, self._list_error = tuple(targets), ""
        self._is_listed = True
        return targets

    def _look(self, target: Target) -> None:
        entry, began = self._entries.get(target.name), datetime.now(UTC)
        if entry is None:
            return
        try:
            found = self._seen(entry, target)
        except Exception as error:  # noqa: BLE001 - as above
            since = entry.lost_since or began
            seen = replace(entry, is_lost=True, lost_since=since, why=_reason(error))
        else:
            seen = Entry(entry.name, found, began)
        # The list may have been read anew meanwhile.
        if self._entries.get(target.name) is entry:
            self._entries[target.name] = seen

    def _seen(self, entry: Entry, target: Target) -> Brief:
        """Return where *target* stands; raises `NoAnswerError` for a look that hangs.

        Where its server has let another wait for a connection, this one is not to wait as well.
        """
        self._silent.require_answers(target)
        try:
            return self._looked_at(entry, target)
        except SstError as error:
            self._silent.note(target, error)
            raise

    def _looked_at(self, entry: Entry, target: Target) -> Brief:
        self._left = {name: each for name, each in self._left.items() if not each.is_over}
        if target.name in self._left or len(self._left) >= _MOST_LEFT:
            raise NoAnswerError(self._look_seconds)
        look = self._look_at(target)
        work = ThreadedWork(partial(_found, look, entry.now), name="fleet-look").start()
        try:
            return work.result(self._look_seconds)
        except NoAnswerError:
            look.end()
            self._left[target.name] = work
            raise


def _found(look: BriefLook, before: Brief | None) -> Brief:
    """Return *before* if the database is as it was then, else where it stands now."""
    if before and before.mark and look.is_as_at(before.mark):
        return before
    return look.read()


def _reason(error: Exception) -> str:
    if isinstance(error, SstError):
        return " ".join(f"{error.what} {error.why}".split())
    if isinstance(error, NoAnswerError):
        return str(error)
    _log.error("the watch over the databases", exc_info=error)
    return f"{type(error).__name__}; the log has the details"
