"""The screen of `status`: what must be known first is read first."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from sst.cli.result.revisions import where
from sst.cli.result.standing import (
    drift_of,
    failed_fields,
    running_fields,
    schema_not_compared,
)
from sst.cli.result.table import moment, tabbed
from sst.command_line import PROGRAM, as_typed
from sst.hooks.contract.checks import CheckStatus
from sst.kept.doubts import varies
from sst.layout.labelled import below_name
from sst.layout.words import hanging
from sst.migrator.standing.headline import failed_at
from sst.redaction.redact import visible
from sst.text import counted, duration_text, proven_text, size_text, span_text, terminal_columns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.standing.standing import Standing
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

_SHOWN = 3
_SHORT = 44
_HELD = "\1"
"""Stands for a blank at which no line ends."""
_MORE = " ..."
_CUT = "[...] `status --json` has all of it"
_LABEL = 13
_AT_MOST = 4
_ALL = 100
_COLOURS = {CheckStatus.PASS: "green", CheckStatus.WARN: "yellow", CheckStatus.FAIL: "red"}


@dataclass(frozen=True, slots=True)
class Row:
    """A label, and what there is to say; a row of trouble is read before the others."""

    label: str
    fields: tuple[str, ...]
    is_trouble: bool = False
    at_most: int = _AT_MOST
    """Lines on a terminal; elsewhere nothing is cut."""


def screen(report: Report, runtime: Runtime, program: str = PROGRAM) -> tuple[str, ...]:
    """Return the screen: the headline, the database, trouble, the rest, the way on.

    *program* is what the user types before a command: a line may end in the middle of its name.
    """
    standing = report.standing
    if standing is None or standing.headline is None:
        return ()
    width = terminal_columns(sys.stdout)
    most = len(report.pending) if width is None else _SHOWN
    rows = [row for row in _rows(report, standing, most) if any(row.fields)]
    ordered = sorted(rows, key=lambda row: not row.is_trouble)
    headline = replace(standing.headline, text=visible(as_typed(standing.headline.text, program)))
    all_rows = [
        *_place(runtime, standing),
        *ordered,
        Row("next", (headline.next_step,), at_most=_ALL),
    ]
    if width is None:
        return (headline.text, *tabbed([(row.label, *row.fields) for row in all_rows]))
    all_rows = [
        replace(row, fields=tuple(visible(as_typed(field, program)) for field in row.fields))
        for row in all_rows
    ]
    first = below_name(headline.text, width)
    colour = _COLOURS[headline.level]
    found = [click.style(line, fg=colour, bold=True) for line in first]
    labels = ["", *(row.label for row in all_rows)]
    once = [
        replace(row, label="" if row.label == above else row.label)
        for row, above in zip(all_rows, labels, strict=False)
    ]
    return (*found, "", *(line for row in once for line in _wrapped(row, width)))


def _place(runtime: Runtime, standing: Standing) -> list[Row]:
    protected = "protected" if standing.is_protected else "not protected"
    last = standing.runs.last
    of_last = last.details["environment"] if last else runtime.environment
    other = f"but the last run was made in {of_last}" if of_last != runtime.environment else ""
    return [
        Row("database", (runtime.migration_url.safe,)),
        *([Row("schema", (schema,))] if (schema := runtime.migration_url.schema) else []),
        Row("environment", (runtime.environment, protected, *filter(None, [other]))),
    ]


def _rows(report: Report, standing: Standing, most: int) -> Iterator[Row]:
    running, runs = standing.running, standing.runs
    if running:
        yield Row("running", running_fields(running), is_trouble=True)
        waits_for = tuple(map(str, running.waits_for))
        for each in (waits_for or running.blocked_by)[:_SHOWN]:
            yield Row("waits for" if waits_for else "blocked by", (each,), is_trouble=True)
    else:
        yield Row("running", ("nothing",))
    failed = runs.unresolved
    if failed and (runs.last is None or failed.id != runs.last.id):
        yield Row("failed run", failed_fields(failed), is_trouble=True)
    yield from _drift(report)
    state = (report.state or "").replace("_", " ")
    yield Row("state", (f"{state}, at {where(report)}" if report.after else state,))
    is_bad = failed is not None and runs.last is not None and failed.id == runs.last.id
    last = _last_run(runs.last, standing.at) if runs.last else ("none on record",)
    yield Row("last run", last, is_trouble=is_bad)
    yield Row("last backup", _last_backup(standing))
    yield from _pending(report, most)


def _last_run(run: RunRecord, now: datetime) -> tuple[str, ...]:
    took = f"took {duration_text(run.duration_ms)}" if run.duration_ms is not None else ""
    details = run.details
    commit = f"commit {details['git_commit'][:12]}" if details["git_commit"] else ""
    commit += ", with uncommitted changes" if details.get("git_dirty") else ""
    found = (
        f"{run.command} {run.target}".strip(),
        failed_at(run),
        _ago(run.started_at, now),
        took,
        f"by {details['os_user']}@{details['host']}",
        f"run {run.id}",
        commit,
    )
    return tuple(filter(None, found))


def _last_backup(standing: Standing) -> tuple[str, ...]:
    backup = standing.last_backup
    if backup is None:
        return ("none on record",)
    return (
        _ago(backup.at, standing.at),
        proven_text(backup.proven),
        size_text(backup.size_bytes),
        f"by {backup.command}",
        backup.uri,
    )


def _pending(report: Report, most: int) -> Iterator[Row]:
    count = len(report.pending)
    if not count:
        yield Row("pending", ("nothing",))
        return
    yield Row("pending", (counted(count, "revision"),), is_trouble=True)
    for item in report.pending[:most]:
        yield Row("pending", (item.revision, item.description), is_trouble=True, at_most=1)
    if count > most:
        yield Row("pending", (f"and {count - most} more",), is_trouble=True)


def _drift(report: Report) -> Iterator[Row]:
    found = drift_of(report)
    for each in found:
        yield Row("drift", (each.detail,), is_trouble=True)
    if not found:
        skipped = schema_not_compared(report)
        none = f"the schema was not compared: {skipped}" if skipped else "none found"
        yield Row("drift", (none,))


def _ago(moment_: datetime, now: datetime) -> str:
    span, behind = span_text((now - moment_).total_seconds()), f" ago ({moment(moment_)})"
    return f"{varies(span, 'ago', moment_.timestamp(), after=behind)}{behind}"


def _wrapped(row: Row, width: int) -> list[str]:
    """Return *row* in lines of *width* columns: whole fields, and not too many."""
    text = row.label.ljust(_LABEL) + ", ".join(map(_held_together, row.fields))
    lines = hanging(text, width, _LABEL, begin=_LABEL)
    if len(lines) > row.at_most == 1:
        lines = [hanging(text, width - len(_MORE), _LABEL, begin=_LABEL)[0] + _MORE]
    elif len(lines) > row.at_most + 1:
        # What is one line longer is shown: the line that says what is missing would be as long.
        lines = [*lines[: row.at_most], " " * _LABEL + _CUT]
    return [line.replace(_HELD, " ") for line in lines]


def _held_together(field: str) -> str:
    """Return *field* so that it is not broken when it is short; it never is within a command."""
    return field.replace(" ", _HELD) if len(field) <= _SHORT else field
