"""Text and key of the commands that move the version table: upgrade, downgrade and stamp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.result.revisions import where
from sst.cli.result.table import records, sentences
from sst.text import duration_text, size_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.hooks import Backup
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

DONE = {"applied": "applied", "pending": "reverted"}
"""What a run has done to a revision, by the state that it is in now."""


def moved_text(report: Report, _runtime: Runtime) -> list[str]:
    """Return what was done, a line each, and at the end from where to where."""
    if report.error is None and not report.applied and report.run_id is None:
        return sentences([f"up to date: the database is at {where(report)}; nothing to do"])
    lines = records(
        (DONE[item.state], item.revision, duration_text(item.duration_ms), item.description)
        for item in report.applied
    )
    if report.backup:
        lines += records([_backup(report.backup)])
    if report.restored:
        lines += sentences([report.restored.message])
    lines += records([("warning", warning) for warning in report.warnings])
    if report.error is None:
        lines += sentences([_summary(report)])
    return lines


def restored_key(report: Report) -> Mapping[str, Any]:
    """Return how the backup was restored after a failed run; null when it was not."""
    restored = report.restored
    if restored is None:
        return {"restored": None}
    return {
        "restored": {
            "backup": restored.backup_id,
            "heads": list(restored.heads),
            "kept_as": restored.kept_as,
            "cut_off_ms": restored.cut_off_ms,
        }
    }


def _backup(backup: Backup) -> tuple[str, ...]:
    return ("backup", backup.uri, size_text(backup.size_bytes), backup.proof)


def _summary(report: Report) -> str:
    before = ", ".join(report.before) or "empty"
    return f"done: {before} -> {where(report)} in {report.seconds:.1f} s, run {report.run_id}"
