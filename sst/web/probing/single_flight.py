"""One probe at a time: many requests share its answer, and none of them waits past a deadline.

No option of libpq or of the server bounds the wait for a frozen server on an open connection,
so the deadline is the application's own: the probe runs in a daemon thread of its own, which
is left alone when it is late, and the event loop and its thread pool stay free.

An answer is as old as its question: whatever a probe saw, it may have seen at its beginning.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sst.errors import SstError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FRESH_SECONDS = 1.0
"""How old what is told may be; a state that changes for the worse is told after it at last."""

_NEVER = float("-inf")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """An answer, and the moment on the clock, in seconds, when its probe began."""

    value: T
    asked_at: float
    """Minus infinity where no probe has answered: it is not to be told again."""


@dataclass(frozen=True, slots=True)
class _Flight(Generic[T]):
    """A probe under way."""

    landing: asyncio.Future[Told[T]]
    departed_at: float


class SingleFlight(Generic[T]):
    """Ask *probe* at most once at a time, and tell its answer until it is *fresh_seconds* old.

    A request waits until *deadline_seconds* after the probe began, however late the request came;
    while an old probe still hangs, every further request is answered at once and no second thread
    is started.
    *unanswered* turns a reason into the answer for "late" and for a probe that raised.
    *clock* returns seconds; it is an argument for tests.
    """

    def __init__(
        self,
        probe: Callable[[], T],
        *,
        unanswered: Callable[[str], T],
        deadline_seconds: float,
        fresh_seconds: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe = probe
        self._unanswered = unanswered
        self._deadline_seconds = deadline_seconds
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._kept: Told[T] | None = None
        self._flight: _Flight[T] | None = None

    async def answer(self) -> T:
        """Return the probe's answer: a kept one, the next one, or *unanswered* at the deadline."""
        return (await self.told()).value

    async def told(self) -> Told[T]:
        """Return what `answer` returns, with its age."""
        kept = self._kept
        if kept is not None and self._clock() - kept.asked_at < self._fresh_seconds:
            return kept
        flight = self._flight or self._depart()
        left_seconds = max(0.0, flight.departed_at + self._deadline_seconds - self._clock())
        # wait() and not wait_for(): it neither cancels the shared future nor waits for it.
        await asyncio.wait({flight.landing}, timeout=left_seconds)
        if flight.landing.done():
            return flight.landing.result()
        return Told(self._unanswered(f"no answer within {self._deadline_seconds:g} s"), _NEVER)

    def _depart(self) -> _Flight[T]:
        loop = asyncio.get_running_loop()
        flight = _Flight(loop.create_future(), self._clock())
        self._flight = flight
        threading.Thread(target=self._fly, args=(loop,), name="probe", daemon=True).start()
        return flight

    def _fly(self, loop: asyncio.AbstractEventLoop) -> None:
        value = self._ask()
        # The application may have stopped meanwhile; then no request waits for the answer.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._land, value)

    def _ask(self) -> T:
        try:
            return self._probe()
        except SstError as error:
            return self._unanswered(" ".join(f"{error.what} {error.why}".split()))
        except Exception as error:  # noqa: BLE001 - a probe has no caller to crash
            _log.exception("a probe raised")
            return self._unanswered(f"{type(error).__name__}; the log has the details")

    def _land(self, value: T) -> None:
        flight, self._flight = self._flight, None
        if flight is not None:
            self._kept = Told(value, flight.departed_at)
            flight.landing.set_result(self._kept)
