"""What a plan did on a copy without rows, as lines of a terminal or as records."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sst.cli.result.findings.text import level_of, words_of
from sst.cli.result.plan.placed import placed
from sst.cli.result.table import tabbed
from sst.layout.cells import columns_of, cut
from sst.layout.words import hanging, kept
from sst.migrator.lint.reasons import rows_in_the_way
from sst.migrator.rehearsal.words import (
    calls_text,
    colour_of,
    details_of,
    effect,
    size_of,
    time_of,
)
from sst.redaction.redact import visible
from sst.text import terminal_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sst.cli.result.plan.placed import Placed
    from sst.hooks.contract.plan.finding import Finding
    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.rehearsal import Probe, Rehearsal

_STATEMENT, _BELOW, _DETAIL = 2, 4, 6
"""Columns by which they are indented."""
_COLOURS = {"error": "red", "warning": "yellow"}
_LEAST_SQL = 48
"""Columns of a statement that are shown beside the words on it, at least."""


def statement_lines(
    rehearsal: Rehearsal | None, revision: str, *, is_verbose: bool = False
) -> Iterator[str]:
    """Give the lines of each statement of *revision*, and of what is against it.

    With *is_verbose* there are the details, and the code that does no harm. Off a terminal each
    line is a record. Of a statement: an empty cell, what it blocks, locks, what it scans and
    rewrites, the reason, the place, the SQL, the time, the calls. Of a finding: an empty cell,
    its level or `accepted`, the rule, what it says, the place, the code. Of rows: an empty cell,
    `rows`, what is asked, what it has found, the place.
    """
    width = terminal_columns(sys.stdout)
    for one in placed(rehearsal, revision):
        if width is None:
            yield from tabbed(_records(one))
        else:
            yield from _lines(one, width, is_verbose=is_verbose)


def _records(one: Placed) -> Iterator[tuple[str, ...]]:
    statement = one.statement
    if statement:
        calls = statement.calls_per_minute
        yield (
            "",
            effect(statement),
            *details_of(statement),
            statement.sql,
            time_of(statement.seconds),
            "" if calls is None else f"{calls:g}",
        )
    for probe in one.probes:
        place = f"{probe.file}:{probe.line}"
        yield "", "rows", probe.asks, rows_in_the_way(probe), place
    for finding in one.findings:
        place = f"{finding.file}:{finding.line}"
        code = finding.instead.replace("\n", "\\n").replace("\t", "\\t")
        yield "", level_of(finding), finding.rule, words_of(finding), place, code


def _lines(one: Placed, width: int, *, is_verbose: bool) -> Iterator[str]:
    if one.statement:
        yield from _statement(one.statement, width)
        if is_verbose:
            details = (*details_of(one.statement), calls_text(one.statement))
            yield from _fitted(filter(None, details), width, _DETAIL)
    for probe in one.probes:
        if probe.violations != 0 or is_verbose:
            yield from _coloured(rows_in_the_way(probe), width, _colour_of_rows(probe))
    for finding in one.findings:
        yield from _finding(finding, width, is_verbose=is_verbose)


def _statement(statement: Statement, width: int) -> Iterator[str]:
    """Give the words on *statement* and its SQL: in one line where there is room for both."""
    words = f"{' ' * _STATEMENT}{_words(statement)}: "
    head, *more = hanging(words, width, _BELOW, begin=_STATEMENT)
    colour, sql = colour_of(statement), visible(statement.sql)
    room = width - columns_of(head) - 1
    if not more and room >= min(_LEAST_SQL, columns_of(sql)):
        yield f"{click.style(head.rstrip(), fg=colour)} {cut(sql, room)}"
        return
    yield from (click.style(line.rstrip(), fg=colour) for line in (head, *more))
    yield f"{' ' * _BELOW}{cut(sql, width - _BELOW)}"


def _words(statement: Statement) -> str:
    """Return what *statement* does and for how long; figures that belong together are one word."""
    size, time = size_of(statement), time_of(statement.seconds)
    does = visible(effect(statement)).replace(f"({size})", kept(f"({size})"))
    return ", ".join(filter(None, [does, kept(time)]))


def _finding(finding: Finding, width: int, *, is_verbose: bool) -> Iterator[str]:
    if finding.accepted and not is_verbose:
        return
    level = level_of(finding)
    words = f"{level} {finding.rule}: {words_of(finding)}"
    yield from _coloured(words, width, _COLOURS.get(level))
    if is_verbose and not finding.accepted:
        # Whole, as it is pasted.
        yield from (f"{' ' * _DETAIL}{visible(line)}" for line in finding.instead.splitlines())


def _colour_of_rows(probe: Probe) -> str | None:
    if probe.violations is None:
        return "yellow"
    return "red" if probe.violations else None


def _coloured(text: str, width: int, colour: str | None) -> Iterator[str]:
    for line in _fitted([text], width, _BELOW):
        yield click.style(line, fg=colour) if colour else line


def _fitted(texts: Iterable[str], width: int, indent: int) -> Iterator[str]:
    for text in texts:
        yield from hanging(" " * indent + visible(text), width, indent + 2, begin=indent)
