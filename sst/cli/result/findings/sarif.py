"""The findings as a log in SARIF 2.1.0, as code scanning reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sst import __version__
from sst.cli.result.findings.text import page_of
from sst.redaction.redact import visible

if TYPE_CHECKING:
    from pathlib import Path

    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.lint.outcome import Lint

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = frozenset({"error", "warning"})


def sarif(lint: Lint | None, root: Path, failure: str = "") -> str:
    """Return *lint* as one JSON document; accepted findings are suppressed in source there.

    Without one it is the log of a call that could not judge, because of *failure*.
    """
    findings = [finding for _, finding in lint.all] if lint else []
    rules = sorted({each.rule for each in findings})
    driver = {
        "name": "sst",
        "version": __version__,
        "rules": [_rule(rule, root) for rule in rules],
    }
    notes = [
        {"level": "note", "message": {"text": visible(f"{each.file}: {each.why}")}}
        for each in (lint.not_judged if lint else ())
    ]
    if failure:
        notes.append({"level": "error", "message": {"text": visible(failure)}})
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The top of the checkout."}}},
        "invocations": [{"executionSuccessful": not failure, "toolExecutionNotifications": notes}],
        "results": [_result(each, rules) for each in findings],
        "properties": {"coverage": lint.coverage if lint else None},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: str, root: Path) -> dict[str, Any]:
    page = page_of(rule, root)
    known = {"id": visible(rule)}
    return known | {"help": {"text": f"see {page}"}} if page else known


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    text = visible(f"{finding.what}\n\n{finding.instead}".strip())
    return {
        "ruleId": visible(finding.rule),
        "ruleIndex": rules.index(finding.rule),
        "level": str(finding.level) if finding.level in _LEVELS else "error",
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(finding)}],
        "suppressions": _suppressions(finding),
    }


def _place(finding: Finding) -> dict[str, Any]:
    is_inside = not finding.file.startswith("/")
    artifact = {"uri": quote(finding.file)} | ({"uriBaseId": "SRCROOT"} if is_inside else {})
    return {"artifactLocation": artifact, "region": {"startLine": finding.line}}


def _suppressions(finding: Finding) -> list[dict[str, Any]]:
    if finding.accepted is None:
        return []
    return [{"kind": "inSource", "justification": visible(finding.accepted.reason)}]
