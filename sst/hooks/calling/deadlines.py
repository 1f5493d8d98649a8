"""Call a plugin in a daemon thread, so that a hook with a deadline can be given up.

A hung pool thread would keep the process alive at its end; a daemon thread does not.
"""

from __future__ import annotations

import contextvars
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any

from sst.redaction.plugin_output import spending

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.redaction.plugin_output import Quota


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long hooks that change no outcome may take."""

    each_seconds: float = 5.0
    """One plugin's time for one call of an observer."""
    total_seconds: float = 15.0
    """All plugins' time for one call of their observers; those with more of their own add it."""
    collect_seconds: float = 30.0
    """One plugin's time to say what it contributes."""


class NoAnswerError(Exception):
    """A plugin was given up."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")


@dataclass(slots=True)
class TimedCall:
    """One call in a thread of its own."""

    function: Callable[[], Any]
    thread: Thread = field(init=False)
    answer: Any = None
    error: BaseException | None = None
    _is_done: bool = False

    def start(self, name: str, quota: Quota) -> None:
        """Begin the call in a thread called *name*; what it prints counts against *quota*."""
        context = contextvars.copy_context()
        self.thread = Thread(target=context.run, args=(self._run, quota), name=name, daemon=True)
        self.thread.start()

    def wait(self, seconds: float) -> BaseException | None:
        """Wait for the end, *seconds* at most; return what the function raised by then.

        Raises only what a signal raises in the thread that waits.
        """
        self.thread.join(seconds)
        return self.error if self._is_done else NoAnswerError(seconds)

    def _run(self, quota: Quota) -> None:
        try:
            with spending(quota):
                self.answer = self.function()
        except BaseException as error:  # noqa: BLE001 - nothing of it may leave the thread
            self.error = error
        self._is_done = True
