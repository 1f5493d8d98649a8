"""The forms of `lint`, its text and those of `--format`; each is whole also when `lint` failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.findings.github import github
from sst.cli.result.findings.gitlab import gitlab
from sst.cli.result.findings.markdown import markdown
from sst.cli.result.findings.sarif import sarif
from sst.cli.result.findings.text import finding_lines
from sst.cli.result.pipelines.annotations import error_annotation
from sst.cli.result.pipelines.code_quality import check as failed_call
from sst.cli.result.pipelines.step_summary import write_summary
from sst.cli.result.revisions import where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


def text(report: Report, runtime: Runtime, *, is_verbose: bool = False) -> Sequence[str]:
    """Return the findings for a person, and how much was judged."""
    if report.lint is None:
        return ()
    if not report.lint.revisions and not report.lint.findings:
        why = f"the database is at {where(report)}" if report.state else "no revision is new"
        return [f"nothing to judge: {why}"]
    return finding_lines(report.lint, runtime.project_root, is_verbose=is_verbose)


def sarif_form(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return a log in SARIF."""
    failure = invocation.said(str(report.error)) if report.lint is None else ""
    return [sarif(report.lint, invocation.root_or_here, failure)]


def github_form(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return the commands of a step, and write its summary."""
    if report.lint is None:
        return [str(error_annotation(error, invocation)) for error in (report.error,) if error]
    failed = write_summary(markdown(report.lint, invocation.root_or_here))
    return [*github(report.lint), *failed]


def gitlab_form(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return a code quality report."""
    if report.lint is None:
        return failed_call(report, invocation)
    return gitlab(report.lint)
