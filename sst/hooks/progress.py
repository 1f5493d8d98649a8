"""How far work has come that takes its time: a live line on a terminal, nothing anywhere else."""

from __future__ import annotations

import threading
import time
from math import isfinite
from typing import TYPE_CHECKING, Self

from sst.text import size_text, span_text

if TYPE_CHECKING:
    from collections.abc import Callable

    Measure = Callable[[], int]

_FASTEST_SECONDS = 0.5
_AT_WORK: list[ProgressLine] = []
_DOOR = threading.Lock()


class ProgressLine:
    """One line for the body: title, bytes done, speed and time, drawn again and again.

    *total_bytes* is what *done_bytes* comes to; an estimate when *is_estimate*.
    It is removed at the end, where the result follows; log lines are for what must stay.
    """

    def __init__(
        self, title: str, *, total_bytes: int | None = None, is_estimate: bool = False
    ) -> None:
        self.title = title
        self._total = total_bytes
        self._about = "~" if is_estimate else ""
        self._done: int | Measure | None = None
        self._detail = ""
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        """Show the line, on a terminal."""
        with _DOOR:
            _AT_WORK.append(self)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Remove the line."""
        with _DOOR:
            _AT_WORK.remove(self)

    def show(self, done_bytes: int | Measure | None, detail: str = "") -> None:
        """Say how many bytes are done, if it is bytes, and *detail*, such as `3/12 tables`.

        *done_bytes* may be a function, which is called when the line is drawn, in another thread.
        """
        self._done, self._detail = done_bytes, detail

    def parts(self) -> tuple[str, str, str]:
        """Return the title, how far the work is, and how long it has taken."""
        seconds = time.monotonic() - self._started
        amounts = [*self._amounts(self._done_bytes(), seconds), str(self._detail)]
        return str(self.title), "  ".join(filter(None, amounts)), span_text(seconds)

    def _amounts(self, done: int | None, seconds: float) -> list[str]:
        if done is None:
            return []
        amount = size_text(done)
        # An estimate that was too low says no more.
        if self._total and done <= self._total:
            amount = f"{amount} of {self._about}{size_text(self._total)}"
        speed = f"{size_text(done / seconds)}/s" if seconds > _FASTEST_SECONDS and done else ""
        return [amount, speed]

    def _done_bytes(self) -> int | None:
        found: object = self._done
        if callable(found):
            try:
                found = found()
            except Exception:  # noqa: BLE001 - the work goes on, whatever its measure says
                # A file that is just renamed, a connection that has ended.
                return None
        return int(found) if isinstance(found, (int, float)) and isfinite(found) else None


def lines_at_work() -> tuple[ProgressLine, ...]:
    """Return the lines that are to be drawn now, the oldest first."""
    with _DOOR:
        return tuple(_AT_WORK)
