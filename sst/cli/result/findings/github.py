"""The findings as annotations of the lines of a pull request, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sst.cli.result.findings.text import words_of
from sst.cli.result.pipelines.annotations import Annotation, commands

if TYPE_CHECKING:
    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint


def github(lint: Lint) -> list[str]:
    """Return a command for each of the worst findings, and one that counts all of them."""
    return commands(map(finding_annotation, lint.open), "lint", f"{lint.coverage}: {lint.totals}")


def finding_annotation(finding: Finding) -> Annotation:
    """Return what *finding* says, with the code that does no harm."""
    kind: Literal["error", "warning"] = "error" if finding.level == "error" else "warning"
    code = f"\n\n{finding.instead}" if finding.instead else ""
    return Annotation(kind, finding.rule, f"{words_of(finding)}{code}", finding.file, finding.line)
