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

_GAP = 2
_INDENT = 4
"""Of what belongs to the record above."""
_NARROWEST = 24
"""The columns that a last field is given at least, to be wrapped beside the others."""


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
    """Return where the columns of *rows* begin: all in one line where most records fit one."""
    sizes = [[columns_of(cell) for cell in column] for column in zip(*rows, strict=True)]
    while sizes and not any(sizes[-1]):
        sizes.pop()
    if not sizes:
        return [Stop(0)] * len(rows[0])
    wide, usual = [max(column) for column in sizes], [_usual(column) for column in sizes]
    for chosen in (wide, usual):
        spare = width - sum(map(_with_gap, chosen[:-1])) - _least(chosen[-1], width)
        if spare >= 0:
            return _beside(_widened(chosen, sizes, spare), len(rows[0]))
    return _below(usual, width, len(rows[0]))


def _usual(sizes: Sequence[int]) -> int:
    """Return the width that three of four of the fields fit, those that are empty not counted."""
    found = sorted(filter(None, sizes)) or [0]
    return found[(3 * len(found) + 3) // 4 - 1]


def _with_gap(size: int) -> int:
    return size + _GAP if size else 0


def _least(size: int, width: int) -> int:
    """Return what a last field of *size* needs, which may be wrapped."""
    return min(size, max(_NARROWEST, width // 3))


def _widened(chosen: Sequence[int], sizes: Sequence[Sequence[int]], spare: int) -> list[int]:
    """Return *chosen* with *spare* given to the columns that have wider fields, from the left."""
    found = []
    for usual, column in zip(chosen, sizes, strict=True):
        size = max(each for each in (usual, *column) if each <= usual + spare)
        spare -= size - usual
        found.append(size)
    return found


def _beside(sizes: Sequence[int], count: int) -> list[Stop]:
    at, stops = 0, []
    for size in sizes:
        stops.append(Stop(at))
        at += _with_gap(size)
    return [*stops, *[Stop(at)] * (count - len(stops))]


def _below(sizes: Sequence[int], width: int, count: int) -> list[Stop]:
    """Return the stops of records that take several lines, as many fields in each as fit."""
    at, stops = 0, []
    for number, size in enumerate(sizes, start=1):
        needed = _least(size, width) if number == len(sizes) else size
        starts_line = bool(at) and at + needed > width
        at = _INDENT if starts_line else at
        stops.append(Stop(at, starts_line))
        at += _with_gap(size)
    return [*stops, *[Stop(at)] * (count - len(stops))]


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
        elif is_last and room >= _NARROWEST and self._longest_piece(cell) <= room:
            self._put_below(wrapped(cell, room, whole=room), stop.at)
        else:
            self._end_line()
            indent = _INDENT if self._lines else 0
            self._put_below(wrapped(cell, self._width - indent, whole=self._width), indent)
            self._end_line()

    def _longest_piece(self, cell: str) -> int:
        return max(map(columns_of, pieces(cell, self._width)), default=0)

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
