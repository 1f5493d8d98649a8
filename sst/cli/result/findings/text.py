"""The findings as lines for a person."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sst.layout.words import hanging
from sst.redaction.redact import visible
from sst.text import terminal_columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint

_WIDEST = 100
_COLOURS = {"error": "red", "warning": "yellow"}
_INDENT = 4


def finding_lines(lint: Lint, root: Path, *, is_verbose: bool = False) -> list[str]:
    """Return the lines of each finding, errors first, and how much was judged.

    Those that a revision accepts are there with *is_verbose*. Off a terminal a finding is one
    record, and below it each line of the code that does no harm is one with an empty first cell.
    The page of a rule is named where the project in *root* has it.
    """
    found = (*lint.open, *(lint.accepted if is_verbose else ()))
    columns = terminal_columns(sys.stdout)
    width = None if columns is None else min(columns, _WIDEST)
    lines = [line for each in found for line in _lines(each, root, width)]
    return [*lines, f"{lint.coverage}: {lint.totals}"]


def page_of(rule: str, root: Path) -> str:
    """Return the page of *rule* in the project *root*; nothing where it has none."""
    page = f"docs/rules/{rule}.md"
    return page if (root / page).is_file() else ""


def level_of(finding: Finding) -> str:
    """Return the word for how much *finding* weighs: `error`, `warning` or `accepted`."""
    return "accepted" if finding.accepted else str(finding.level)


def words_of(finding: Finding) -> str:
    """Return what *finding* says in one line, and why it is accepted."""
    words = " ".join(finding.what.split())
    if finding.accepted is None:
        return words
    until = f" until {finding.accepted.until}" if finding.accepted.until else ""
    return f"{words} (accepted{until}: {finding.accepted.reason})"


def _lines(finding: Finding, root: Path, width: int | None) -> Iterator[str]:
    place = f"{finding.file}:{finding.line}"
    level = level_of(finding)
    code, page = finding.instead.splitlines(), page_of(finding.rule, root)
    if width is None:
        record = (place, level, finding.rule, words_of(finding), page)
        yield visible("\t".join(record)).rstrip("\t")
        yield from (visible(f"\t{line}") for line in code)
        return
    colour = "green" if finding.accepted else _COLOURS.get(finding.level)
    shown = click.style(level, fg=colour, bold=not finding.accepted)
    yield f"{visible(place)}  {shown}  {visible(finding.rule)}"
    text = f"{' ' * _INDENT}{visible(words_of(finding))}"
    yield from hanging(text, width, _INDENT, begin=_INDENT)
    yield from (f"{' ' * _INDENT * 2}{visible(line)}" for line in code)
    if page:
        yield f"{' ' * _INDENT}{page}"
