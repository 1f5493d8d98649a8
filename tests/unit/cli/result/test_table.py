"""Rows on a terminal and off it: colour on the words alone, and nothing cut."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import click

from sst.cli.result.table import records

if TYPE_CHECKING:
    import pytest

ROWS = [("state", "empty"), ("database", "postgresql://host/name")]


class _Terminal(io.StringIO):
    """A stream that calls itself a terminal, and does not know its width."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_colour_covers_the_word_and_not_the_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", _Terminal())

    lines = records([("empty", "state"), ("database", "postgresql://host/name")])

    assert lines[0] == f"{click.style('empty', fg='yellow')}     state"
    assert click.unstyle(lines[1]) == "database  postgresql://host/name"


def test_headings_are_for_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    off = records(ROWS, headings=("NAME", "VALUE"))
    monkeypatch.setattr(sys, "stdout", _Terminal())

    assert off == ["state\tempty", "database\tpostgresql://host/name"]
    assert records(ROWS, headings=("NAME", "VALUE"))[0] == "NAME      VALUE"


def test_nothing_is_wrapped_off_a_terminal() -> None:
    assert records([("a " * 200, "b", "")]) == ["a " * 200 + "\tb"]


def test_cell_with_lines_is_on_the_line_of_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("acme", "wrong: one\n        two\tthree")]

    off = records(rows)
    monkeypatch.setattr(sys, "stdout", _Terminal())

    assert off == ["acme\twrong: one two three"]
    assert records(rows) == ["acme  wrong: one two three"]
