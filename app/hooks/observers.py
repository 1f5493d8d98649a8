"""Call observers: each in a daemon thread with a deadline, so that none can change an outcome.

A hung pool thread would keep the process alive at its end; a daemon thread does not.
"""

from __future__ import annotations

import contextvars
import time
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

from app.hooks.calls import warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.hooks.calls import Arguments, Implementation


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long observers may take."""

    each_seconds: float = 5.0
    """One plugin's time for one call."""
    total_seconds: float = 15.0
    """All plugins' time for one call."""


@dataclass(frozen=True, slots=True)
class HookProblem:
    """An observer that failed; it was logged and changes nothing."""

    plugin: str
    hook: str
    what: str

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"plugin {self.plugin}, {self.hook}: {self.what}"


@dataclass(slots=True)
class Observers:
    """Calls observers one after the other and remembers who is still busy."""

    deadlines: Deadlines = Deadlines()
    _busy: dict[tuple[str, str], Thread] = field(default_factory=dict)

    def observe(
        self, implementations: Iterable[Implementation], arguments: Arguments
    ) -> tuple[HookProblem, ...]:
        """Call every implementation and return those that raised or did not end in time."""
        end = time.monotonic() + self.deadlines.total_seconds
        problems = (self._one(each, arguments, end) for each in implementations)
        return tuple(problem for problem in problems if problem is not None)

    def _one(
        self, implementation: Implementation, arguments: Arguments, end: float
    ) -> HookProblem | None:
        seconds = min(self.deadlines.each_seconds, end - time.monotonic())
        what = self._outcome(implementation, arguments, seconds)
        if what is None:
            return None
        warn(implementation, what)
        return HookProblem(implementation.plugin, implementation.hook, what)

    def _outcome(
        self, implementation: Implementation, arguments: Arguments, seconds: float
    ) -> str | None:
        """Return what went wrong, None when nothing did."""
        key = (implementation.plugin, implementation.hook)
        if key in self._busy and self._busy[key].is_alive():
            # One hung webhook must not cost its deadline again for each of a hundred revisions.
            return "not called: its previous call has not ended yet"
        if seconds <= 0:
            return "not called: the plugins before it used up the time"
        call = _Call(implementation, arguments)
        self._busy[key] = call.start()
        self._busy[key].join(seconds)
        return call.outcome(seconds)


class _Call:
    """One call in a thread of its own."""

    def __init__(self, implementation: Implementation, arguments: Arguments) -> None:
        self._implementation = implementation
        self._arguments = arguments
        self._is_done = False
        self._error: BaseException | None = None

    def start(self) -> Thread:
        """Start the call and return its thread."""
        name = f"{self._implementation.hook}-{self._implementation.plugin}"
        context = contextvars.copy_context()
        thread = Thread(target=context.run, args=(self._run,), name=name, daemon=True)
        thread.start()
        return thread

    def outcome(self, seconds: float) -> str | None:
        """Return what went wrong by now, after *seconds* of waiting."""
        if not self._is_done:
            return f"no answer within {seconds:g} s"
        if self._error is None:
            return None
        place = self._implementation.place(self._error)
        what = f"raised {self._implementation.told(self._error)}"
        return f"{what} [{place}]" if place else what

    def _run(self) -> None:
        try:
            self._implementation.call(self._arguments)
        except BaseException as error:  # noqa: BLE001 - nothing of it may leave the thread
            self._error = error
        self._is_done = True
