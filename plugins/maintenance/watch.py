"""The application's view of the flag: asked in the background, once a second, by one thread.

A request only reads what is known. No request asks, so none can wait for Redis or the database.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sst.hooks import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from .flag import Look

log = logging.getLogger("sst.maintenance")

EVERY_SECONDS = 1.0
STALE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Known:
    """The last answer, and until when it counts."""

    is_up: bool
    until: float


class Watch:
    """Ask *look* in the background; an answer counts for *stale_seconds*.

    Without an answer that counts the flag is taken to be down, and that is logged once: an outage
    of Redis must not become one of the application.
    *clock* returns seconds; it is an argument for tests.
    """

    def __init__(
        self,
        look: Look,
        *,
        every_seconds: float = EVERY_SECONDS,
        stale_seconds: float = STALE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._every_seconds = every_seconds
        self._stale_seconds = stale_seconds
        self._clock = clock
        self._known = _Known(is_up=False, until=float("-inf"))
        self._is_blind = False
        self._starting = threading.Lock()
        self._over: threading.Event | None = None
        """Of the thread that asks; None while none does."""
        self._has_looked = threading.Event()

    def is_up(self) -> bool:
        """Say whether the flag is up, as far as is known; costs nothing worth the name."""
        known = self._known
        if self._clock() < known.until:
            return known.is_up
        if self._over is None:
            self.start()
        else:
            self._tell_blind("no answer")
        return False

    def start(self) -> None:
        """Begin to ask; doing it twice changes nothing."""
        with self._starting:
            if self._over is None:
                self._over = threading.Event()
                self._known = _Known(is_up=False, until=self._clock() + self._stale_seconds)
                ask = partial(self._ask_on, self._over)
                threading.Thread(target=ask, name="maintenance", daemon=True).start()

    def wait_for_first_look(self, seconds: float) -> None:
        """Return when the first answer or failure is there, at the latest after *seconds*."""
        self._has_looked.wait(seconds)

    def stop(self) -> None:
        """Ask no more; the thread gives the connection back."""
        with self._starting:
            over, self._over = self._over, None
        if over is not None:
            over.set()

    def _ask_on(self, over: threading.Event) -> None:
        while not over.is_set():
            self._ask()
            self._has_looked.set()
            over.wait(self._every_seconds)
        self._look.close()

    def _ask(self) -> None:
        asked_at = self._clock()
        try:
            is_up = self._look.is_up()
        except Exception as error:  # noqa: BLE001 - whatever it is, requests go on
            self._look.close()
            self._tell_blind(first_line(error))
        else:
            self._learn(_Known(is_up, asked_at + self._stale_seconds))

    def _learn(self, known: _Known) -> None:
        if self._is_blind:
            self._is_blind = False
            log.info("the maintenance flag in %s can be read again", self._look.place)
        if known.is_up != self._known.is_up:
            log.info("maintenance %s", "begins" if known.is_up else "is over")
        self._known = known

    def _tell_blind(self, reason: str) -> None:
        if not self._is_blind:
            self._is_blind = True
            words = "the maintenance flag in %s cannot be read (%s); requests are served"
            log.warning(words, self._look.place, reason)
