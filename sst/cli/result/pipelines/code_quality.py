"""A code quality report of GitLab: one list of issues, each with a place in a file.

Source: GitLab's documentation, "Code Quality", the report's format.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.cli.result.pipelines.place import in_checkout
from sst.cli.result.pipelines.said_once import names_checks
from sst.hooks.contract.checks import CheckStatus
from sst.redaction.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report

_PLACES = ("settings.toml", "alembic.ini", "pyproject.toml")
"""Files of a project; what is about none of its files is about the first of them that is there."""
_SEVERITIES = {CheckStatus.FAIL: "critical", CheckStatus.WARN: "minor"}


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of the report."""

    name: str
    text: str
    severity: str
    """`minor`, `critical` or `blocker`."""
    key: str
    """What stays when lines move and texts change."""
    path: str
    line: int = 1


def document(issues: Iterable[Issue]) -> list[str]:
    """Return *issues* as one JSON document; no two of them have the same fingerprint."""
    seen: Counter[str] = Counter()
    return [json.dumps([_as_json(each, seen) for each in issues], indent=2)]


def check(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return what `check` has found; also the report of a call that has nothing but an error."""
    return document(_issues(report, invocation))


def _issues(report: Report, invocation: Invocation) -> Iterator[Issue]:
    said, place, error = invocation.said, _project_place(invocation), report.error
    next_step = ""
    if error and names_checks(error):
        next_step = f"\n  next: {error.next_step}"
    elif error:
        severity = "blocker" if report.state is None else "critical"
        key = f"{invocation.command} {error.code}"
        yield Issue(error.code, said(str(error)), severity, key, place)
    for veto in report.vetoes:
        hint = f"\n  next: {veto.hint}" if veto.hint else ""
        text = said(f"refused by {veto.plugin}: {veto.why}{hint}")
        yield Issue(veto.code, text, "critical", f"{veto.code} {veto.plugin}", place)
    for each in report.checks:
        severity, name = _SEVERITIES.get(each.status, ""), f"{each.plugin}/{each.name}"
        if severity:
            way_on = next_step if each.status is CheckStatus.FAIL else ""
            yield Issue(name, said(f"{each.detail}{way_on}"), severity, name, place)


def _as_json(issue: Issue, seen: Counter[str]) -> dict[str, Any]:
    seen[issue.key] += 1
    key = f"{issue.key}\n{seen[issue.key]}".encode(errors="backslashreplace")
    return {
        # GitLab refuses an issue without a description.
        "description": visible(issue.text) or issue.name,
        "check_name": visible(issue.name),
        "fingerprint": hashlib.sha256(key).hexdigest(),
        "severity": issue.severity,
        "location": {"path": issue.path, "lines": {"begin": issue.line}},
    }


def _project_place(invocation: Invocation) -> str:
    """Return the file for what is about no file."""
    root = invocation.root_or_here
    found = next((each for each in _PLACES if (root / each).is_file()), "")
    return in_checkout(found, invocation) or _PLACES[0]
