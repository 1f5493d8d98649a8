"""How far a backup has come: a line that is drawn again on a terminal, nothing anywhere else."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

from sst.hooks import size_text

if TYPE_CHECKING:
    from collections.abc import Callable

_CLEAR = "\r\x1b[K"


class Progress:
    """One line on *stream* for the body; removed at its end, where the result follows."""

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
        rate = f"{size_text(written / max(seconds, 0.001))}/s"
        parts = [self._title, size_text(written), tables, rate, f"{seconds:.0f} s"]
        self._draw("  ".join(part for part in parts if part))

    def _draw(self, text: str) -> None:
        if self._is_shown:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"{_CLEAR}{text[:width]}")
            self._stream.flush()
