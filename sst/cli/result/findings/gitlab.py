"""The findings as a code quality report of GitLab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.cli.result.pipelines.code_quality import Issue, document

if TYPE_CHECKING:
    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint

_NUMBER = re.compile(r"\d+")
_SEVERITIES = {"error": "critical", "warning": "minor"}


def gitlab(lint: Lint) -> list[str]:
    """Return the findings of *lint* that no revision accepts as one JSON document."""
    return document(map(_issue, lint.open))


def _issue(finding: Finding) -> Issue:
    code = f"\n\n{finding.instead}" if finding.instead else ""
    # It stays when lines move and tables grow.
    key = f"{finding.rule}\n{finding.file}\n{_NUMBER.sub('', finding.what)}"
    return Issue(
        finding.rule,
        f"{finding.what}{code}",
        _SEVERITIES.get(finding.level, "critical"),
        key,
        finding.file,
        finding.line,
    )
