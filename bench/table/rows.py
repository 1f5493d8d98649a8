"""A row of the table: a goal, what was measured, and the rows that a user names."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.costs import Figures


@dataclass(frozen=True, slots=True)
class Row:
    """One goal.

    *name* is its word on the command line, *what* is measured against *yardstick*. A value, a
    ratio to it or a count, meets *goal* when it is at most that, or *at_least* that.
    *unit* is the one of both sides' figures. A row that is *slow* is no part of a quick call, one
    *on_request* is measured only when it is named.
    """

    name: str
    what: str
    yardstick: str
    goal: float
    unit: str = "s"
    at_least: bool = False
    slow: bool = False
    on_request: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured for *row*: its *value*, or in *note* why there is none.

    A ratio has the medians of both sides, its lowest and highest value, and how many *turns* it is
    the median of. *load* is how busy the machine was when it was measured.
    """

    row: Row
    value: float | None = None
    ours: float | None = None
    theirs: float | None = None
    lowest: float | None = None
    highest: float | None = None
    turns: int = 0
    load: float = field(default_factory=lambda: os.getloadavg()[0])
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None where nothing was measured."""
        if self.value is None:
            return None
        goal = self.row.goal
        return self.value >= goal if self.row.at_least else self.value <= goal


class NotMeasuredError(Exception):
    """Something cannot be measured here; the text says why."""


def ratio(row: Row, figures: Figures, ours: str, theirs: str, note: str = "") -> Result:
    """Return the result of *row*: the median of the ratios of *ours* to *theirs*, turn by turn."""
    ratios = figures.ratios(ours, theirs)
    return Result(
        row,
        value=figures.ratio(ours, theirs),
        ours=figures.median(ours),
        theirs=figures.median(theirs),
        lowest=min(ratios),
        highest=max(ratios),
        turns=len(ratios),
        note=note,
    )


def select(rows: Sequence[Row], words: Iterable[str]) -> list[Row]:
    """Return those of *rows* that *words* name, by their name or its beginning up to a hyphen.

    Without words all are selected that are not measured on request only.
    Raises `ValueError` that lists the names when a word is none of them.
    """
    words = list(words)
    if not words:
        return [row for row in rows if not row.on_request]
    unknown = [word for word in words if not any(_is_named(row, word) for row in rows)]
    if unknown:
        names = ", ".join(row.name for row in rows)
        raise ValueError(f"no row is called {', '.join(unknown)}; there are: {names}")
    return [row for row in rows if any(_is_named(row, word) for word in words)]


def _is_named(row: Row, word: str) -> bool:
    return row.name == word or row.name.startswith(f"{word}-")
