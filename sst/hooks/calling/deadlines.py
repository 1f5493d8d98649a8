"""How long plugins may take, and the thread in which one with a deadline is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sst.redaction.plugin_output import spending
from sst.within import ThreadedWork

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks.calling.calls import Implementation
    from sst.redaction.plugin_output import Quota

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long hooks that change no outcome may take."""

    each_seconds: float = 5.0
    """One plugin's time for one call of an observer."""
    total_seconds: float = 15.0
    """All plugins' time for one call of their observers; those with more of their own add it."""
    collect_seconds: float = 30.0
    """One plugin's time to say what it contributes."""


def in_thread(
    implementation: Implementation, call: Callable[[], T], quota: Quota
) -> ThreadedWork[T]:
    """Return *call* of *implementation*, to be started; what it prints counts against *quota*."""

    def work() -> T:
        with spending(quota):
            return call()

    return ThreadedWork(work, name=f"{implementation.hook}-{implementation.plugin}")
