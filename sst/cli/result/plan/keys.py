"""The keys of a plan in `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.result.revisions import revision_json
from sst.cli.result.vetoes import vetoes_key
from sst.hooks.contract.events import rfc3339
from sst.migrator.rehearsal.summary import summary_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.migrator.values.report import Report

_FAILED = "the plan could not be made"


def plan_keys(report: Report) -> Mapping[str, Any]:
    """Return the revisions with their statements, the summary, and who would refuse them."""
    revisions = [
        {**revision_json(each), **_seen(report, each.revision)} for each in report.revisions
    ]
    rehearsal, summary = report.rehearsal, summary_of(report)
    return {
        "revisions": revisions,
        "plan_hash": report.plan_hash,
        "rehearsed": rehearsal is not None and rehearsal.is_whole,
        "rehearsed_at": rehearsal.at and rfc3339(rehearsal.at) if rehearsal else None,
        "why_not": rehearsal.why_not if rehearsal else _FAILED,
        "summary": summary.to_dict() if summary else None,
        "lint": report.verdict.to_dict() if report.verdict else None,
        **vetoes_key(report),
    }


def _seen(report: Report, revision: str) -> dict[str, list[dict[str, Any]] | None]:
    """Return the statements of *revision*, with probes and findings; None where it was not run."""
    rehearsal = report.rehearsal
    if rehearsal is None or revision not in rehearsal.statements:
        return {"statements": None, "probes": None, "findings": None}
    return {
        "statements": [each.to_dict() for each in rehearsal.statements[revision]],
        "probes": [each.to_dict() for each in rehearsal.probes.get(revision, ())],
        "findings": [each.to_dict() for each in rehearsal.findings.get(revision, ())],
    }
