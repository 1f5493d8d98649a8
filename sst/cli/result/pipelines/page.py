"""A page of Markdown that may not be longer than its reader takes, and says what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Page:
    """Parts of a page, as many as it has room for; those that are left out are counted."""

    def __init__(self, room: int) -> None:
        """Begin a page of *room* characters, its end not counted."""
        self._room = room
        self._left_out = 0
        self.lines: list[str] = []

    def add(self, part: str) -> None:
        """Add *part*, some whole lines, unless one before it had no room."""
        size = len(part) + 1
        if self._left_out or size > self._room:
            self._left_out += 1
            return
        self._room -= size
        self.lines += part.split("\n")

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add *rows* of Markdown below *headings*; no table where there is no row."""
        head = "\n".join(["", _row(headings), _row(["---"] * len(headings)), ""])
        for number, row in enumerate(rows):
            self.add(_row(row) if number else f"{head}{_row(row)}")

    def end(self, closing: Iterable[str], *, rest: str) -> None:
        """Say what was left out and which command has the *rest*, and add the lines *closing*."""
        if self._left_out:
            left = counted(self._left_out, "row")
            self.lines += ["", f"**{left} of this page left out**: `{rest}` has them all."]
        self.lines += ["", *closing]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
