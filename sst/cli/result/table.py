"""Rows of text: in columns on a terminal, separated by tabs for everything else."""

from __future__ import annotations

import re
import sys
from datetime import UTC
from typing import TYPE_CHECKING

import click

from sst.command_line import as_typed
from sst.layout.labelled import labelled
from sst.layout.table import laid_out
from sst.redaction.redact import visible
from sst.text import terminal_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_BREAK = re.compile(r"\s*[\n\r\t]\s*")
COLOURS = {
    "applied": "green",
    "pending": "yellow",
    "to revert": "yellow",
    "failed": "red",
    "missing": "red",
    "pass": "green",
    "warn": "yellow",
    "fail": "red",
    "up_to_date": "green",
    "ahead": "red",
    "diverged": "red",
    "interrupted": "yellow",
    "succeeded": "green",
    "unhealthy": "red",
    "refused": "yellow",
    "empty": "yellow",
}
"""The colour of a cell that is nothing but this word; the word says it all without colour."""


def moment(value: datetime) -> str:
    """Return *value* as RFC 3339 in UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def records(rows: Iterable[Sequence[str]], *, headings: Sequence[str] = ()) -> list[str]:
    """Return *rows* as lines: fitted to the terminal that stdout is, else tab-separated and uncut.

    *headings* are for a terminal alone.
    """
    width = terminal_columns(sys.stdout)
    if width is None:
        return tabbed(rows)
    rows = [[visible(as_typed(_on_one_line(cell))) for cell in row] for row in rows]
    return laid_out([headings, *rows] if headings else rows, width, coloured)


def sentences(lines: Sequence[str]) -> list[str]:
    """Return *lines* wrapped to the terminal that stdout is, else as they are."""
    width = terminal_columns(sys.stdout)
    lines = [visible(as_typed(line)) for line in lines]
    return list(lines) if width is None else labelled(lines, width)


def tabbed(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return *rows* as lines with a tab between two cells."""
    return [visible("\t".join(map(_on_one_line, row))).rstrip("\t") for row in rows]


def _on_one_line(cell: str) -> str:
    """Return *cell* without what would end its line or its column."""
    return _BREAK.sub(" ", cell)


def coloured(text: str) -> str:
    """Return *text* in its colour, where it has one."""
    return click.style(text, fg=COLOURS[text]) if text in COLOURS else text
