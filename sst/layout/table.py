"""Rows as lines of a terminal: in columns, and what does not fit beside goes below, whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sst.layout.cells import columns_of
from sst.layout.words import indent_of, pieces, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Paint = Callable[[str], str]
    Row = Sequence[str]
    Sizes = tuple[int, ...]

_GAP = 2
_INDENT = 4
"""Of what belongs to the record above."""
_NARROWEST = 24
"""The columns that a last field is given at least, to be wrapped beside the others."""
_FEW_LINES = 2
_LITTLE = 8
"""Columns that are given to a wider field before it is said to be an exception."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a column begins."""

    at: int
    starts_line: bool = False
    """Whether it is the first of a further line, for all records."""


def laid_out(rows: Iterable[Row], width: int, paint: Paint = str) -> list[str]:
    """Return *rows* as lines of at most *width* columns; only a longer word has a longer line.

    Neighbours with as many fields are one table. *paint* is given every field that is printed
    whole, and returns it in colour.
    """
    return [
        line
        for _, block in groupby(map(tuple, rows), key=len)
        for line in _table(list(block), width, paint)
    ]


def _table(rows: Sequence[Row], width: int, paint: Paint) -> list[str]:
    stops = _stops(rows, width)
    return [line for row in rows for line in _Record(width, paint).filled(row, stops)]


def _stops(rows: Sequence[Row], width: int) -> list[Stop]:
    """Return where the columns of *rows* begin: all in one line where that suits most records."""
    sizes = [tuple(map(columns_of, row)) for row in rows]
    chosen = _most_in_one_line(sizes, width)
    fitting = sum(not any(_lacking(row, chosen, width)) for row in sizes)
    return _beside(chosen) if 2 * fitting >= len(sizes) else _below(sizes, width)


def _most_in_one_line(sizes: Sequence[Sizes], width: int) -> list[int]:
    """Return the widths of columns with which as many records as may be fit a line of *width*.

    The narrowest record decides first, then each time the one that adds least to the widths.
    """
    chosen = [0] * len(sizes[0])
    open_rows = set(sizes)
    while open_rows:
        lacks = {row: _lacking(row, chosen, width) for row in open_rows}
        row = min(open_rows, key=lambda row: (sum(lacks[row]), row))
        wider = [have + lack for have, lack in zip(chosen, lacks[row], strict=True)]
        if sum(map(_with_gap, wider)) - _GAP > width:
            return chosen
        chosen = wider
        open_rows = {each for each in open_rows if any(_lacking(each, chosen, width))}
    return chosen


def _lacking(row: Sizes, chosen: Sequence[int], width: int) -> list[int]:
    """Return what each of the *chosen* widths lacks for *row*, whose last field may be wrapped."""
    last = max((number for number, size in enumerate(row) if size), default=-1)
    least = max(_NARROWEST, width // 3)
    return [
        max(0, (min(size, least) if number == last else size) - have)
        for number, (size, have) in enumerate(zip(row, chosen, strict=True))
    ]


def _with_gap(size: int) -> int:
    return size + _GAP if size else 0


def _beside(sizes: Sequence[int]) -> list[Stop]:
    at, stops = 0, []
    for size in sizes:
        stops.append(Stop(at))
        at += _with_gap(size)
    return stops


def _below(sizes: Sequence[Sizes], width: int) -> list[Stop]:
    """Return the stops of records that take several lines, as many fields in each as fit."""
    usual = [_usual(column) for column in zip(*sizes, strict=True)]
    last = max((number for number, size in enumerate(usual) if size), default=-1)
    at, stops = 0, []
    for number, size in enumerate(usual):
        needed = min(size, max(_NARROWEST, width // 3)) if number == last else size
        starts_line = bool(at) and at + needed > width
        at = _INDENT if starts_line else at
        stops.append(Stop(at, starts_line))
        at += _with_gap(size)
    return stops


def _usual(sizes: Sequence[int]) -> int:
    """Return the width that three of four fields fit, or a little more where all do then."""
    found = sorted(filter(None, sizes)) or [0]
    usual = found[(3 * len(found) + 3) // 4 - 1]
    return max(size for size in found if size <= usual + _LITTLE)


class _Record:
    """The lines of one row, as far as they are filled."""

    def __init__(self, width: int, paint: Paint) -> None:
        self._width = width
        self._paint = paint
        self._lines: list[str] = []
        self._line = ""
        self._used = 0

    def filled(self, row: Row, stops: Sequence[Stop]) -> list[str]:
        """Return the lines of *row*, whose columns begin at *stops*."""
        cells = [(cell, stop) for cell, stop in zip(row, stops, strict=True) if cell.strip()]
        for number, (cell, stop) in enumerate(cells, start=1):
            self._add(cell.replace("\t", " "), stop, is_last=number == len(cells))
        self._end_line()
        return self._lines or [""]

    def _add(self, cell: str, stop: Stop, *, is_last: bool) -> None:
        if stop.starts_line or self._used + _GAP > stop.at:
            self._end_line()
        size = columns_of(cell)
        room = self._width - stop.at
        if size <= room and len(cell.splitlines()) == 1:
            self._put(self._paint(cell), stop.at, size)
        elif is_last and (beside := self._beside(cell, room)):
            self._put_below(beside, stop.at)
        else:
            self._end_line()
            indent = _INDENT if self._lines else 0
            self._put_below(wrapped(cell, self._width - indent, whole=self._width), indent)
            self._end_line()

    def _beside(self, cell: str, room: int) -> list[str]:
        """Return *cell* wrapped to *room*, beside the others; nothing where below is better."""
        longest = max(map(columns_of, pieces(cell, self._width)), default=0)
        lines = wrapped(cell, room, whole=room) if _NARROWEST <= room >= longest else []
        return lines if len(lines) <= _FEW_LINES or 2 * room >= self._width else []

    def _put_below(self, lines: Sequence[str], at: int) -> None:
        """Put each of *lines* below the one before, the first where this record has come to."""
        for line in lines:
            indent = indent_of(line, self._width, at)
            if self._used > indent:
                self._end_line()
            self._put(line, indent, columns_of(line))

    def _put(self, text: str, at: int, size: int) -> None:
        self._line += " " * (at - self._used) + text
        self._used = at + size

    def _end_line(self) -> None:
        if self._used:
            self._lines.append(self._line.rstrip())
        self._line, self._used = "", 0
