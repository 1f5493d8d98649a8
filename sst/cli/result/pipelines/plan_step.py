"""A plan in a step of GitHub Actions: its findings on their lines, and the page as the summary."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.cli.result.findings.github import finding_annotation
from sst.cli.result.pipelines.annotations import Annotation, commands
from sst.cli.result.pipelines.github import annotations_of
from sst.cli.result.pipelines.place import in_checkout
from sst.cli.result.pipelines.step_summary import write_summary
from sst.cli.result.plan.markdown import page_of
from sst.cli.result.revisions import where
from sst.migrator.lint.reasons import rows_in_the_way
from sst.migrator.rehearsal.summary import rehearsal_note, summary_of
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report


def github(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return the commands of a step that shows the plan in *report*, and write its summary."""
    page = "\n".join(page_of(report, invocation.said))
    failed = write_summary(f"{page}\n")
    found = [*annotations_of(report, invocation), *_of_rows(report, invocation)]
    found += sorted(_of_findings(report, invocation), key=lambda each: each.kind)
    return [*commands(found, "plan", invocation.said(_outcome(report))), *failed]


def _of_rows(report: Report, invocation: Invocation) -> Iterator[Annotation]:
    """Give the rows that would make a revision fail."""
    for some in report.rehearsal.probes.values() if report.rehearsal else ():
        for probe in some:
            if probe.violations:
                file, text = in_checkout(probe.file, invocation), rows_in_the_way(probe)
                yield Annotation("error", "rows", invocation.said(text), file, probe.line)


def _of_findings(report: Report, invocation: Invocation) -> Iterator[Annotation]:
    for some in report.rehearsal.findings.values() if report.rehearsal else ():
        for finding in some:
            if finding.accepted is None:
                file = in_checkout(finding.file, invocation)
                yield replace(finding_annotation(finding), file=file)


def _outcome(report: Report) -> str:
    if report.error:
        return f"there is no plan: {report.error.code}"
    if not report.revisions:
        return f"nothing to do: the database is at {where(report)}"
    summary = summary_of(report)
    text = str(summary) if summary else counted(len(report.revisions), "revision")
    return f"{text}; {rehearsal_note(report.rehearsal)}" if report.rehearsal else text
