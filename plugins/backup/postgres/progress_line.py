"""How far a backup has come: a line that is drawn again on a terminal, nothing anywhere else."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

_CLEAR = "\r\x1b[K"
_STEP_BYTES = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Progress:
    """One line on *stream* for the body; removed at its end, for the result takes its place."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = sys.stderr if stream is None else stream
        self._is_shown = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        """Draw the title."""
        self._draw(self._title)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Remove the line."""
        self._draw("")

    def show(self, written_bytes: Callable[[], int], tables: str = "") -> None:
        """Draw how many bytes are written and how fast, and *tables*, such as `3/12 tables`."""
        if not self._is_shown:
            return
        written = written_bytes()
        seconds = time.monotonic() - self._started
        rate = f"{human_size(written / max(seconds, 0.001))}/s"
        told = [
            self._title,
            human_size(written),
            tables,
            rate,
            f"{seconds:.0f} s",
        ]
        self._draw("  ".join(part for part in told if part))

    def _draw(self, text: str) -> None:
        if self._is_shown:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"{_CLEAR}{text[:width]}")
            self._stream.flush()


def human_size(size: float) -> str:
    """Return *size* in bytes as a person reads it: `1.2 GB`."""
    for unit in _UNITS:
        if size < _STEP_BYTES or unit == _UNITS[-1]:
            break
        size /= _STEP_BYTES
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
