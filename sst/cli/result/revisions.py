"""Revisions in what commands print: where the database stands, and revisions as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.result.table import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.migrator.values.report import Report, RevisionState


def where(report: Report) -> str:
    """Return the revision that the database is at, and whether that is the head."""
    if not report.after:
        return "no revision (empty)"
    is_head = set(report.after) == set(report.heads)
    return ", ".join(report.after) + (" (head)" if is_head else "")


def revisions_key(report: Report) -> Mapping[str, Any]:
    """Return the key of the commands that list revisions."""
    return {"revisions": [revision_json(item) for item in report.revisions]}


def revision_json(item: RevisionState) -> dict[str, Any]:
    """Return *item* as the object that `--json` prints of a revision."""
    found: dict[str, Any] = {
        "revision": item.revision,
        "down_revision": joined(item.down_revision),
        "description": item.description,
        "state": item.state,
        "applied_at": moment(item.applied_at) if item.applied_at else None,
        "duration_ms": item.duration_ms,
    }
    if item.sql is not None or item.note is not None:
        found |= {"sql": item.sql, "note": item.note}
    return found if item.error is None else found | {"error": item.error}


def joined(revisions: tuple[str, ...]) -> str | None:
    """Return one revision as it is, several with a comma, none as null."""
    return ",".join(revisions) or None
