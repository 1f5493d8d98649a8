"""The findings as a code quality report of GitLab.

Source: GitLab's documentation, "Code Quality", the report's format.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from sst.redaction.redact import visible

if TYPE_CHECKING:
    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint

_NUMBER = re.compile(r"\d+")
_SEVERITIES = {"error": "critical", "warning": "minor"}


def gitlab(lint: Lint) -> str:
    """Return the findings of *lint* that no revision accepts as one JSON document."""
    seen: Counter[str] = Counter()
    return json.dumps([_issue(finding, seen) for finding in lint.open], indent=2)


def _issue(finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    code = f"\n\n{finding.instead}" if finding.instead else ""
    return {
        "description": visible(f"{finding.what}{code}"),
        "check_name": visible(finding.rule),
        "fingerprint": _fingerprint(finding, seen),
        "severity": _SEVERITIES.get(finding.level, "critical"),
        "location": {"path": finding.file, "lines": {"begin": finding.line}},
    }


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Return a hash that stays when lines move and tables grow; no two findings have the same."""
    what = _NUMBER.sub("", finding.what)
    text = f"{finding.rule}\n{finding.file}\n{what}"
    seen[text] += 1
    return hashlib.sha256(f"{text}\n{seen[text]}".encode()).hexdigest()
