"""Statements that could not be run anywhere, read from the SQL that a revision would send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.db.sql_tokens import one_line
from sst.hooks.contract.error_location import shown
from sst.hooks.contract.plan.finding import Finding, Level
from sst.hooks.contract.plan.statement import Statement
from sst.migrator.lint.accepting import NOT_JUDGED
from sst.migrator.rehearsal.observed.words import has_no_action
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge import Step, StepSql
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.context import Context


@dataclass(frozen=True, slots=True)
class ByForm:
    """What a revision would send beyond what was seen of it."""

    statements: tuple[Statement, ...]
    """Each has nothing but its text, its place, and why nothing else is known."""
    finding: Finding | None
    """How little that is; None where there is nothing to judge."""


def read_by_form(
    context: Context, steps: Sequence[Step], rehearsal: Rehearsal
) -> dict[str, ByForm]:
    """Return, by revision, what *steps* would send that *rehearsal* has not seen.

    A revision that reads rows has no SQL to read from there on; that is in its finding.
    """
    left = [step for step in steps if not rehearsal.has_all_of(step.revision.id)]
    previews = context.project.sql(left, context.url) if left else ()
    return {
        step.revision.id: _by_form(context, step, preview, rehearsal)
        for step, preview in zip(left, previews, strict=True)
    }


def _by_form(context: Context, step: Step, preview: StepSql, rehearsal: Rehearsal) -> ByForm:
    path, revision = step.revision.path, step.revision.id
    file = shown(path, context.root) if path else ""
    why = rehearsal.why_not or "it was not run"
    last = max((each.line for each in rehearsal.statements.get(revision, ())), default=0)
    statements = tuple(
        Statement(file, line, context.redact(one_line(sql)), unseen=why, revision=revision)
        for line, sql in preview.sent
        if line > last and not has_no_action(sql)
    )
    return ByForm(statements, _finding(context, statements, preview, file, why))


def _finding(
    context: Context, statements: Sequence[Statement], preview: StepSql, file: str, why: str
) -> Finding | None:
    known = counted(len(statements), "statement")
    if preview.reason:
        what = f"the revision is not known beyond {known}: {context.redact(preview.reason)}; {why}"
        return Finding(NOT_JUDGED, what, file=file)
    if not statements:
        return None
    verb = "was" if len(statements) == 1 else "were"
    what = f"{known} {verb} judged by the form of the SQL alone: {why}"
    return Finding(NOT_JUDGED, what, level=Level.WARNING, file=file)
