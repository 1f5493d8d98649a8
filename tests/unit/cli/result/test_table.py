"""Rows for a terminal: columns aligned, colour on the words alone, nothing behind the last."""

from __future__ import annotations

import click

from sst.cli.result.table import aligned


def test_colour_covers_the_word_and_not_the_padding() -> None:
    lines = aligned([("state", "empty"), ("database", "postgresql://host/name")], coloured=True)

    assert lines[0] == f"state     {click.style('empty', fg='yellow')}"
    assert click.unstyle(lines[1]) == "database  postgresql://host/name"
