"""SIGINT and SIGTERM during a command on many databases: it ends in order, with its report."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType

    from sst.fleet.rollout import Rollout

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Leads signals to the rollout that is at work, from the first one on.

    Those that come after its end do nothing until this is left: the engine is being closed, which
    ends its processes, and the report of what was done is still to be made and told.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._rollout: Rollout | None = None
        self._last = 0
        """The signal that has come last; 0 for none."""
        self._is_over = False

    def __enter__(self) -> Self:
        """Leave signals as they are until there is a rollout."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave signals to those who had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def lead_to(self, rollout: Rollout) -> None:
        """Let *rollout* begin nothing more after a signal, also one that came since the last."""
        self._rollout = rollout
        if not self._before:
            self._before = {each: signal.signal(each, self._take) for each in _SIGNALS}
        if self._last:
            rollout.interrupt(self._last)

    def end(self) -> None:
        """Keep the report from further signals: the rollout has ended."""
        self._is_over = True

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self._rollout and not self._is_over:
            self._last = number
            self._rollout.interrupt(number)
