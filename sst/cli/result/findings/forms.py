"""The forms in which `lint` prints its findings, by the words of `--format`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.findings.github import github
from sst.cli.result.findings.gitlab import gitlab
from sst.cli.result.findings.sarif import sarif
from sst.cli.result.findings.text import finding_lines
from sst.cli.result.revisions import where

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

    Form = Callable[[Report, Runtime], Sequence[str]]


def text(report: Report, runtime: Runtime, *, is_verbose: bool = False) -> Sequence[str]:
    """Return the findings for a person, and how much was judged."""
    if report.lint is None:
        return ()
    if not report.lint.revisions and not report.lint.findings:
        why = f"the database is at {where(report)}" if report.state else "no revision is new"
        return [f"nothing to judge: {why}"]
    return finding_lines(report.lint, runtime.project_root, is_verbose=is_verbose)


def _sarif(report: Report, runtime: Runtime) -> Sequence[str]:
    return [sarif(report.lint, runtime.project_root)] if report.lint else ()


def _github(report: Report, _runtime: Runtime) -> Sequence[str]:
    return github(report.lint) if report.lint else ()


def _gitlab(report: Report, _runtime: Runtime) -> Sequence[str]:
    return [gitlab(report.lint)] if report.lint else ()


FORMS: dict[str, Form] = {
    "text": text,
    "json": text,
    "sarif": _sarif,
    "github": _github,
    "gitlab": _gitlab,
}
"""`json` is printed as `--json` is."""
