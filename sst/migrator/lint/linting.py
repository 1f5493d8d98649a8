"""The judgement of pending revisions, as `lint` returns it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.errors import LintError
from sst.migrator.ledger.checkout import git_prefix
from sst.migrator.lint.by_form import NOT_JUDGED, read_by_form
from sst.migrator.lint.judging import with_findings
from sst.migrator.lint.outcome import Lint, NotJudged
from sst.text import counted, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.bridge import Step
    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.context import Context


def lint_of(context: Context, steps: Sequence[Step], rehearsal: Rehearsal) -> Lint:
    """Return the judgement on *steps* by what *rehearsal* has seen of them.

    What it has not seen is judged by the form of its SQL, where that can be read.
    """
    by_form = read_by_form(context, steps, rehearsal)
    judged = with_findings(context, steps, rehearsal, by_form)
    seen = [each for found in judged.statements.values() for each in found]
    read = [each for found in by_form.values() for each in found.statements]
    prefix = git_prefix(context.root)
    findings = {key: _placed(found, prefix) for key, found in judged.findings.items()}
    return Lint(
        findings=findings,
        revisions=len(steps),
        statements=len(seen) + len(read),
        judged=sum(not each.unseen for each in seen),
        by_form=len(read),
        not_judged=_not_judged(findings),
        where=rehearsal.where,
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


def _placed(findings: Sequence[Finding], prefix: str) -> tuple[Finding, ...]:
    """Return *findings* with files as the checkout has them; 1 where the line is not known."""
    return tuple(
        replace(each, file=_in_checkout(each.file, prefix), line=max(1, each.line))
        for each in findings
    )


def _in_checkout(file: str, prefix: str) -> str:
    return file if file.startswith("/") else f"{prefix}{file}"


def _not_judged(findings: Mapping[str, Sequence[Finding]]) -> tuple[NotJudged, ...]:
    return tuple(
        NotJudged(revision, each.file, each.line, each.what)
        for revision, found in findings.items()
        for each in found
        if each.rule == NOT_JUDGED
    )
