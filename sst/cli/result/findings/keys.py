"""The findings as the keys of `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.result.table import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.migrator.values.report import Report


def finding_keys(report: Report) -> Mapping[str, Any]:
    """Return the findings in the order of files and lines, and how much was judged."""
    lint = report.lint
    if lint is None:
        return dict.fromkeys(
            ("findings", "statements", "judged", "by_form", "not_judged", "where", "kept_since")
        )
    return {
        "findings": [{"revision": revision, **each.to_dict()} for revision, each in lint.all],
        "statements": lint.statements,
        "judged": lint.judged,
        "by_form": lint.by_form,
        "not_judged": [each.to_dict() for each in lint.not_judged],
        "where": lint.where or None,
        "kept_since": moment(lint.kept_since) if lint.kept_since else None,
    }
