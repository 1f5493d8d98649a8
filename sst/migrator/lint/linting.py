"""The judgement of the rules on revisions, as `lint` returns it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.errors import DatabaseUnreachableError, LintError
from sst.hooks.contract.error_location import shown
from sst.hooks.contract.revisions import Direction
from sst.migrator.commands.planned import planned
from sst.migrator.ledger.checkout import git_top
from sst.migrator.lint.accepting import NOT_JUDGED
from sst.migrator.lint.by_form import read_by_form
from sst.migrator.lint.judging import with_findings
from sst.migrator.lint.new_since import NewSince, new_since
from sst.migrator.lint.outcome import Lint, NotJudged
from sst.migrator.lint.replay import rehearse_behind
from sst.migrator.rehearsal.rehearse import rehearse
from sst.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sst.bridge import Step
    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.context import Context
    from sst.migrator.values.status import Status


NO_RULES = "no enabled plugin has rules, so nothing is judged; the plugin `safe_ddl` brings some"


def lint_pending(context: Context, target: str, *, from_cache: bool) -> tuple[Lint, Status]:
    """Return the judgement on what a run to *target* would apply, and where the database stands.

    Raises `HistoryError`, and `DatabaseUnreachableError`.
    """
    try:
        status, steps, facts = planned(context, target)
    except DatabaseUnreachableError as error:
        error.next_step += "; `python migrate.py lint --offline` needs no database"
        raise
    if not steps:
        return Lint(), status
    # What rows say is no matter of rules, and is not asked.
    seen = rehearse(context, facts, status.current, steps, from_cache=from_cache, probe="off")
    where = f"on a copy without rows {seen.where}" if seen.where else ""
    return lint_of(context, steps, replace(seen, where=where)), status


def lint_history(
    context: Context, target: str, base: str | None, *, is_offline: bool, from_cache: bool = True
) -> Lint:
    """Return the judgement on the revisions up to *target* that are new since *base*.

    They are one deployment; without *base* every revision is one of its own. The history is
    replayed in an empty database; *is_offline* keeps it off the server of the project's own one,
    and without *from_cache* no earlier result is taken.
    Raises `UsageError` and `HistoryError`.
    """
    if base is None:
        new = NewSince((), context.project.plan(target, (), Direction.UPGRADE))
    else:
        new = new_since(context, base, target)
    found = rehearse_behind(
        context,
        new.before,
        new.steps,
        is_offline=is_offline,
        is_each_alone=base is None,
        from_cache=from_cache,
    )
    return lint_of(context, new.steps, found, new.findings, is_each_alone=base is None)


def lint_of(
    context: Context,
    steps: Sequence[Step],
    rehearsal: Rehearsal,
    others: Mapping[str, tuple[Finding, ...]] | None = None,
    *,
    is_each_alone: bool = False,
) -> Lint:
    """Return the judgement on *steps* by what *rehearsal* has seen of them, beside *others*.

    What it has not seen is judged by the form of its SQL, where that can be read.
    """
    by_form = read_by_form(context, steps, rehearsal)
    judged = with_findings(context, steps, rehearsal, by_form, is_each_alone=is_each_alone)
    seen = [each for found in judged.statements.values() for each in found]
    read = [each for found in by_form.values() for each in found.statements]
    top = git_top(context.root) or context.root
    findings = {
        key: _placed(found, context.root, top)
        for key, found in {**(others or {}), **judged.findings}.items()
    }
    return Lint(
        findings=findings,
        revisions=len(steps),
        statements=len(seen) + len(read),
        judged=sum(not each.unseen for each in seen),
        by_form=len(read),
        not_judged=_not_judged(findings),
        where=rehearsal.where,
        kept_since=rehearsal.at if rehearsal.is_earlier else None,
    )


def lint_error(lint: Lint) -> LintError | None:
    """Return the error of *lint*; None where every error is accepted."""
    if not lint.errors:
        return None
    places = dict.fromkeys(f"{each.rule} at {each.file}:{each.line}" for each in lint.errors)
    return LintError(
        what=f"The rules have {counted(len(lint.errors), 'error')} that no revision accepts.",
        why=listed(places),
        next_step="write what a finding proposes, or accept it on the statement's line: "
        "# sst: accept RULE because REASON",
    )


def _placed(findings: Sequence[Finding], root: Path, top: Path) -> tuple[Finding, ...]:
    """Return *findings* with files as the checkout at *top* has them, for those who show it.

    Where a line is not known it is the first one.
    """
    return tuple(
        replace(each, file=shown((root / each.file).resolve(), top), line=max(1, each.line))
        for each in findings
    )


def _not_judged(findings: Mapping[str, Sequence[Finding]]) -> tuple[NotJudged, ...]:
    return tuple(
        NotJudged(revision, each.file, each.line, each.what)
        for revision, found in findings.items()
        for each in found
        if each.rule == NOT_JUDGED
    )
