"""Print a report: its lines or its form on stdout, its error on stderr, or one JSON object."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sst.cli.result.envelope import envelope
from sst.command_line import as_typed
from sst.layout.labelled import labelled
from sst.migrator.values.report import Report
from sst.text import terminal_columns, with_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.cli.call.invocation import Invocation
    from sst.errors import SstError


def print_result(report: Report, invocation: Invocation) -> int:
    """Print *report* and return its exit code; lines that it brings have said its error."""
    if invocation.as_json:
        answer = answer_of(report, invocation)
        _print_lines([json.dumps(answer, ensure_ascii=False)], color=False)
        return report.exit_code
    form = invocation.form
    if form:
        _print_lines(form(report, invocation), color=False)
    else:
        lines = [_as_called(line, invocation) for line in _lines(report, invocation)]
        _print_lines(lines, color=invocation.has_color)
    _print_beside(report, invocation, is_said=report.lines is not None and not form)
    return report.exit_code


def answer_of(report: Report, invocation: Invocation) -> dict[str, Any]:
    """Return the one object that `--json` prints of *report*: the commands in it as typed."""
    answer: dict[str, Any] = with_texts(
        envelope(report, invocation), partial(as_typed, otherwise=invocation.door)
    )
    return answer


def _print_beside(report: Report, invocation: Invocation, *, is_said: bool) -> None:
    """Print on stderr the notes of *report*, and its error unless its lines have said it."""
    from sst.redaction.redact import visible

    for note in report.notes:
        for line in _fitted(visible(_as_called(note, invocation)).splitlines()):
            click.echo(line, err=True)
    if report.error is not None and not is_said:
        _print_text(report.error, invocation)


def print_error(error: SstError, invocation: Invocation) -> int:
    """Print *error* in three lines, in the form asked for, or as JSON; return its exit code."""
    if invocation.as_json or invocation.form:
        return print_result(Report(error=error), invocation)
    _print_text(error, invocation)
    return error.exit_code


def _as_called(text: str, invocation: Invocation) -> str:
    """Return *text* with the commands in it as this user types them."""
    return as_typed(text, invocation.door)


def _lines(report: Report, invocation: Invocation) -> Sequence[str]:
    if report.lines is not None:
        return report.lines
    return invocation.presentation.text(report, invocation.runtime)


def _print_lines(lines: Sequence[str], *, color: bool | None) -> None:
    """Print *lines* on stdout; the outcome stands when nobody reads it, as in `history | head`."""
    try:
        for line in lines:
            click.echo(line, color=color)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_text(error: SstError, invocation: Invocation) -> None:
    what, *rest = invocation.said(str(error)).splitlines()
    for line in _fitted([what]):
        click.echo(click.style(line, fg="red", bold=True), err=True, color=invocation.has_color)
    for line in _fitted(rest):
        click.echo(line, err=True, color=invocation.has_color)


def _fitted(lines: Sequence[str]) -> Sequence[str]:
    """Return *lines* for stderr: wrapped where that is a terminal, else as they are."""
    width = terminal_columns(sys.stderr)
    return lines if width is None else labelled(lines, width)
