"""Rows of text: aligned for a terminal, separated by tabs for everything else."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

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


def records(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return *rows* as lines: aligned when stdout is a terminal, else tab-separated and uncut."""
    return aligned(rows, coloured=True) if sys.stdout.isatty() else tabbed(rows)


def aligned(rows: Iterable[Sequence[str]], *, coloured: bool = False) -> list[str]:
    """Return *rows*, of one length, as lines with aligned columns."""
    found = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    cell = _coloured if coloured else str.ljust
    return ["  ".join(map(cell, row, widths)).rstrip() for row in found]


def tabbed(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return *rows* as lines with a tab between two cells."""
    return ["\t".join(row).rstrip("\t") for row in rows]


def _coloured(text: str, width: int) -> str:
    shown = click.style(text, fg=COLOURS[text]) if text in COLOURS else text
    return shown + " " * (width - len(text))
