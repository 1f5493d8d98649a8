"""The time that calls of hooks took: kept by the record of a run, shown by `plugins show`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of one plugin, which has ended."""

    plugin: str
    hook: str
    seconds: float
    has_raised: bool


@dataclass(slots=True)
class CallLog:
    """The calls of one process, in the order of their ends.

    An observer that hangs has no end: it is not in here.
    """

    calls: list[HookCall] = field(default_factory=list)

    @contextmanager
    def timed(self, plugin: str, hook: str) -> Iterator[None]:
        """Note how long the body takes and whether it raises."""
        started, has_raised = time.monotonic(), True
        try:
            yield
            has_raised = False
        finally:
            self.calls.append(HookCall(plugin, hook, time.monotonic() - started, has_raised))

    def totals(self) -> list[dict[str, Any]]:
        """Return JSON-ready sums by plugin and hook, in the order of the first calls."""
        found: dict[tuple[str, str], list[HookCall]] = {}
        for call in self.calls:
            found.setdefault((call.plugin, call.hook), []).append(call)
        return [
            {
                "plugin": plugin,
                "hook": hook,
                "calls": len(calls),
                "failed": sum(call.has_raised for call in calls),
                "duration_ms": round(sum(call.seconds for call in calls) * 1000, 1),
            }
            for (plugin, hook), calls in found.items()
        ]
