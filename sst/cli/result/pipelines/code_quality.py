"""A code quality report of GitLab: one list of issues, each with a place in a file.

Source: GitLab's documentation, "Code Quality", the report's format.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sst.redaction.redact import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report

_PLACES = ("settings.toml", "alembic.ini", "pyproject.toml")
"""Files of a project; what is about none of its files is about the first of them that is there."""


def failed_call(report: Report, invocation: Invocation) -> Sequence[str]:
    """Return the report of a call that has nothing but an error, which is its one issue."""
    error = report.error
    assert error is not None  # noqa: S101 - a call without a result has one
    text, key = invocation.said(str(error)), f"{invocation.command} {error.code}"
    return document([issue(error.code, text, "blocker", key, project_place(invocation))])


def issue(
    name: str, text: str, severity: str, key: str, path: str, line: int = 1
) -> dict[str, Any]:
    """Return one issue; *key* is what stays when its text changes."""
    return {
        "description": visible(text),
        "check_name": visible(name),
        "fingerprint": hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest(),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }


def document(issues: Sequence[dict[str, Any]]) -> list[str]:
    """Return *issues* as the lines of one JSON document."""
    return [json.dumps(issues, indent=2)]


def project_place(invocation: Invocation) -> str:
    """Return the file for what is about no file."""
    root = invocation.root_or_here
    return next((each for each in _PLACES if (root / each).is_file()), _PLACES[0])
