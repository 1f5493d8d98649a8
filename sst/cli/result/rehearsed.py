"""What a plan did on a copy without rows, as lines and as JSON keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sst.hooks.contract.events import rfc3339
from sst.layout.cells import columns_of, cut
from sst.redaction.redact import visible
from sst.text import counted, listed, size_text, terminal_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.report import Report

_COLOURS = {"writes": "yellow", "reads and writes": "red"}
_SHOWN = 2
_NARROWEST = 20
"""Of a statement, on a terminal."""


def statement_lines(statement: Statement, *, is_verbose: bool) -> list[str]:
    """Return the line of *statement*, and with *is_verbose* those of its details.

    Off a terminal it is one record: an empty cell, what it blocks, locks, reason, place, SQL.
    """
    width = terminal_columns(sys.stdout)
    if width is None:
        cells = ("", _words(statement), *_details(statement), statement.sql)
        return [visible("\t".join(cells))]
    words = f"  {_words(statement)}: "
    sql = cut(visible(statement.sql), max(_NARROWEST, width - columns_of(words)))
    shown = click.style(words, fg=_COLOURS.get(statement.blocks or "")) + sql
    details = [f"      {visible(each)}" for each in _details(statement) if each]
    return [shown, *(details if is_verbose else [])]


def rehearsal_note(rehearsal: Rehearsal) -> str:
    """Return where the plan was rehearsed, or why not, for a person."""
    if rehearsal.is_whole:
        when = f" earlier ({rehearsal.at:%H:%M} UTC)" if rehearsal.is_earlier else ""
        return f"rehearsed{when} on a copy without rows {rehearsal.where}; the copy is dropped"
    begun = " to its end" if rehearsal.statements else ""
    return f"not rehearsed{begun}: {rehearsal.why_not}"


def rehearsal_keys(rehearsal: Rehearsal) -> Mapping[str, Any]:
    """Return whether the plan was rehearsed, when, and why not."""
    return {
        "rehearsed": rehearsal.is_whole,
        "rehearsed_at": rehearsal.at and rfc3339(rehearsal.at),
        "why_not": rehearsal.why_not,
    }


def seen_in(report: Report, revision: str) -> dict[str, list[dict[str, Any]] | None]:
    """Return the statements of *revision*, with probes and findings; None where it was not run."""
    rehearsal = report.rehearsal
    if rehearsal is None or revision not in rehearsal.statements:
        return {"statements": None, "probes": None, "findings": None}
    return {
        "statements": [each.to_dict() for each in rehearsal.statements[revision]],
        "probes": [each.to_dict() for each in rehearsal.probes.get(revision, ())],
        "findings": [each.to_dict() for each in rehearsal.findings.get(revision, ())],
    }


def _words(statement: Statement) -> str:
    """Return what *statement* keeps waiting, and how large that is."""
    if statement.blocks is None:
        return "not observed"
    does = ", rewrites" if statement.rewrites else ", scans" if statement.scans else ""
    if statement.blocks == "nothing":
        return f"blocks nothing{does}{_size(statement)}"
    found = [lock for lock in statement.locks if lock.blocks == statement.blocks]
    names = [lock.relation for lock in found if not lock.is_index]
    shown = names or [lock.relation for lock in found]
    relations = listed((name.removeprefix("public.") for name in shown), most=_SHOWN)
    return f"blocks {statement.blocks} of {relations}{does}{_size(statement)}"


def _size(statement: Statement) -> str:
    known = [
        *([counted(statement.rows, "row")] if statement.rows is not None else []),
        *([size_text(statement.bytes)] if statement.bytes is not None else []),
    ]
    return f" ({', '.join(known)})" if known else ""


def _details(statement: Statement) -> Iterator[str]:
    """Give locks, rewrites and scans, the reason, and the place of *statement*."""
    yield ", ".join(
        f"{lock.mode} on {lock.relation}{' (already held)' if lock.is_held else ''}"
        for lock in statement.locks
    )
    yield "; ".join(
        f"{verb} {', '.join(names)}"
        for verb, names in (("rewrites", statement.rewrites), ("scans", statement.scans))
        if names
    )
    yield statement.because or statement.unseen or ""
    yield f"{statement.file}:{statement.line}"
