"""What `plan` says beside its result: the summary, where it was rehearsed, and what a run does."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sst.migrator.lint.gate import OFF, REFUSE, WARN
from sst.migrator.rehearsal.summary import rehearsal_note, summary_of
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.migrator.values.report import Report

_FATE = {
    WARN: f'{{run}} would warn of {{what}} and go on: migrate.lint is "{WARN}"; "{REFUSE}" would '
    "refuse it",
    REFUSE: f'{{run}} would be refused for {{what}}: migrate.lint is "{REFUSE}"',
    OFF: f'{{run}} would go on in spite of {{what}}: migrate.lint is "{OFF}"; "{REFUSE}" would '
    "refuse it",
}


def rehearsal_notes(report: Report) -> Iterator[str]:
    """Give the summary of the plan, where it was rehearsed or why not, and what a run would do."""
    if summary := summary_of(report):
        yield str(summary)
    if report.rehearsal and report.revisions:
        yield rehearsal_note(report.rehearsal)
    if note := verdict_note(report):
        yield note


def verdict_note(report: Report) -> str:
    """Return what a run does with what stands against the plan; empty where nothing does."""
    if report.verdict is None or not report.verdict.reasons:
        return ""
    run = "upgrade" if is_upgrade(report) else "downgrade"
    what = counted(len(report.verdict.reasons), "reason") + " against the plan"
    return _FATE[report.verdict.mode].format(run=run, what=what)


def advice_to_run(report: Report, target: str | None) -> str:
    """Return the command that runs no other plan to *target* than that of *report*."""
    words = shlex.join(["upgrade", *([target] if target else []), "--plan", str(report.plan_hash)])
    return f"`python migrate.py {words}` runs no other plan"


def is_upgrade(report: Report) -> bool:
    """Say whether the plan of *report* leads forward, and has a revision."""
    return any(each.state == "pending" for each in report.revisions)
