"""Print a report: its lines or its form on stdout, its error on stderr, or one JSON object."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from sst.cli.result.envelope import envelope
from sst.command_line import as_typed
from sst.layout.labelled import labelled
from sst.migrator.values.report import Report
from sst.text import terminal_columns, with_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.errors import SstError


def print_result(report: Report, invocation: Invocation) -> int:
    """Print *report* and return its exit code; lines that it brings have said its error."""
    if invocation.as_json:
        pieces = _json(envelope(report, invocation), invocation)
        _print_lines(chain(pieces, ["\n"]), color=False, is_whole=False)
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
    answer: dict[str, Any] = _as_called_in(envelope(report, invocation), invocation)
    return answer


def _json(answer: Mapping[str, Any], invocation: Invocation) -> Iterator[str]:
    """Yield *answer* as `answer_of` has it, in pieces.

    What is a mapping and no dictionary makes its values as they are asked for: none is kept.
    """
    yield "{"
    for number, (key, value) in enumerate(answer.items()):
        yield f"{', ' if number else ''}{json.dumps(key)}: "
        if isinstance(value, Mapping) and not isinstance(value, dict):
            yield from _json(value, invocation)
        else:
            yield json.dumps(_as_called_in(value, invocation), ensure_ascii=False)
    yield "}"


def _as_called_in(value: Any, invocation: Invocation) -> Any:  # noqa: ANN401 - JSON-ready
    return with_texts(value, partial(as_typed, otherwise=invocation.door))


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


def _print_lines(lines: Iterable[str], *, color: bool | None, is_whole: bool = True) -> None:
    """Print *lines* on stdout; the outcome stands when nobody reads it, as in `history | head`.

    Where they are not *is_whole*, they are pieces of one.
    """
    try:
        for line in lines:
            click.echo(line, color=color, nl=is_whole)
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
