"""A command's result in a step of GitHub Actions: annotations, and the summary of the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.pipelines.annotations import Annotation, commands, error_annotation
from sst.cli.result.pipelines.place import in_checkout
from sst.cli.result.pipelines.said_once import names_checks, other_warnings
from sst.cli.result.pipelines.step_summary import write_summary
from sst.cli.result.pipelines.summary_page import summary_page
from sst.cli.result.revisions import where
from sst.hooks.contract.checks import CheckStatus
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report


def github(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return the commands of a step that shows *report*, and write its summary."""
    failed = write_summary(f"{summary_page(report, invocation)}\n")
    found = annotations_of(report, invocation)
    return [*commands(found, invocation.command, invocation.said(_outcome(report))), *failed]


def annotations_of(report: Report, invocation: Invocation) -> Iterator[Annotation]:
    """Give what is wrong, the error first: it has the way on."""
    said = invocation.said
    if report.error:
        fault = report.error.fault
        file = in_checkout(fault.file, invocation) if fault.file else ""
        yield error_annotation(report.error, invocation, file, fault.line)
    for veto in report.vetoes:
        next_step = f"\nnext: {veto.hint}" if veto.hint else ""
        yield Annotation("error", f"refused by {veto.plugin}", said(f"{veto.why}{next_step}"))
    yield from _of_checks(report, invocation)
    for text in other_warnings(report):
        yield Annotation("warning", invocation.command, said(text))
    yield from _of_earlier_run(report, invocation)


def _of_checks(report: Report, invocation: Invocation) -> Iterator[Annotation]:
    is_said = names_checks(report.error)
    for check in report.checks:
        title, text = f"{check.plugin}/{check.name}", invocation.said(check.detail)
        if check.status is CheckStatus.FAIL and not is_said:
            yield Annotation("error", title, text)
        elif check.status is CheckStatus.WARN:
            yield Annotation("warning", title, text)


def _of_earlier_run(report: Report, invocation: Invocation) -> Iterator[Annotation]:
    """Give a run that is at work or has failed, where that is not the error already."""
    headline = report.standing.headline if report.standing else None
    if headline and headline.level is not CheckStatus.PASS and not report.error:
        text = f"{headline.text}\nnext: {headline.next_step}"
        yield Annotation("warning", invocation.command, invocation.said(text))


def _outcome(report: Report) -> str:
    """Return the result in one line."""
    if report.run_id:
        count = counted(len(report.applied), "revision")
        before = ", ".join(report.before) or "empty"
        return (
            f"{before} -> {where(report)}: {count} in {report.seconds:.1f} s, run {report.run_id}"
        )
    if report.state is None:
        return report.error.code if report.error else "nothing to do"
    left = f", {len(report.pending)} pending" if report.pending else ""
    checks = f", {counted(len(report.checks), 'check')}" if report.checks else ""
    return f"{report.state}: the database is at {where(report)}{left}{checks}"
