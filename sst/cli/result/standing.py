"""Where a database stands: rows of text, and keys for `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.result.runs_on_record import run_json
from sst.cli.result.table import moment
from sst.hooks.contract.checks import CheckStatus
from sst.migrator.standing.headline import failed_at
from sst.migrator.values.report import CORE
from sst.text import counted, span_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.health.report import NamedResult
    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.standing.last_backup import LastBackup
    from sst.migrator.standing.running import Running
    from sst.migrator.values.report import Report

_RUN_KEYS = (
    *("id", "command", "target", "environment", "outcome", "started_at", "finished_at"),
    *("duration_ms", "tries", "before", "after", "who", "app_version", "git_commit", "git_dirty"),
    *("trace_id", "plugins", "hooks", "notes", "backup", "warnings", "gate", "error", "steps"),
)


def runs_keys(report: Report) -> Mapping[str, Any]:
    """Return the runs that say how the database came to stand where it stands."""
    standing = report.standing
    if standing is None:
        return dict.fromkeys(("running", "last_run", "failed_run"))
    return {
        "running": _running_json(standing.running) if standing.running else None,
        "last_run": _run_or_none(standing.runs.last),
        "failed_run": _run_or_none(standing.runs.unresolved),
    }


def standing_keys(report: Report) -> Mapping[str, Any]:
    """Return all of it; each is null when the command failed before it had looked."""
    standing = report.standing
    keys: dict[str, Any] = {**runs_keys(report), **dict.fromkeys(("last_backup", "protected"))}
    if standing is None:
        return keys | {"drift": None, "headline": None}
    backup, headline = standing.last_backup, standing.headline
    return keys | {
        "last_backup": _backup_json(backup) if backup else None,
        "protected": standing.is_protected,
        "drift": [_drift_json(each) for each in drift_of(report)],
        "headline": headline.text if headline else None,
    }


def drift_of(report: Report) -> Sequence[NamedResult]:
    """Return the findings of the core: record, files and schema that disagree."""
    grave = {CheckStatus.FAIL, CheckStatus.WARN}
    return [each for each in report.checks if each.plugin == CORE and each.status in grave]


def schema_not_compared(report: Report) -> str:
    """Return why nobody knows whether the schema has drifted; empty when it was compared."""
    skipped = CheckStatus.SKIP
    core = (each for each in report.checks if (each.plugin, each.status) == (CORE, skipped))
    return next((each.detail for each in core if each.name == "schema"), "")


def trouble_rows(report: Report) -> list[tuple[str, ...]]:
    """Return a row for what is at work, and one for a failed run that nothing has made good."""
    standing = report.standing
    if standing is None:
        return []
    running, failed = standing.running, standing.runs.unresolved
    rows = [("running", *running_fields(running))] if running else []
    return rows + ([("failed run", *failed_fields(failed))] if failed else [])


def failed_fields(run: RunRecord) -> tuple[str, ...]:
    """Return what *run* was, and how it failed."""
    return f"{run.command} {run.target}".strip(), failed_at(run), moment(run.started_at), run.id


def running_fields(running: Running) -> tuple[str, ...]:
    """Return what is at work: what, since when, by whom, its id, and where it is."""
    since = f"since {moment(running.since)}" if running.since else ""
    lasts = "" if running.seconds is None else f"({span_text(running.seconds)})"
    found = (
        running.command or "not on record",
        " ".join(filter(None, [since, lasts])),
        f"by {running.who}",
        f"run {running.id}" if running.run else "",
        _in_revision(running),
        _after_attempts(running.attempts),
        f"in {running.gate}" if running.gate else "",
    )
    return tuple(filter(None, found))


def _after_attempts(count: int) -> str:
    return f"after {counted(count, 'failed attempt')}" if count else ""


def _in_revision(running: Running) -> str:
    if running.revision is None:
        return ""
    seconds = running.revision_seconds
    lasts = "" if seconds is None else f" for {span_text(seconds)}"
    return f"in revision {running.revision}{lasts}"


def _running_json(running: Running) -> dict[str, Any]:
    """Return *running* as a run, with what only a run at work has; what is not known is null."""
    found = dict.fromkeys(_RUN_KEYS) | {
        "id": running.id,
        "outcome": "running",
        "started_at": moment(running.since) if running.since else None,
    }
    seconds = running.seconds
    return (run_json(running.run) if running.run else found) | {
        "holder": str(running.holder) if running.holder else None,
        "running_ms": None if seconds is None else int(seconds * 1000),
        "revision": running.revision,
        "waits_for": [each.to_dict() for each in running.waits_for],
    }


def _run_or_none(run: RunRecord | None) -> dict[str, Any] | None:
    return run_json(run) if run else None


def _backup_json(backup: LastBackup) -> dict[str, Any]:
    return {
        "id": backup.id,
        "uri": backup.uri,
        "size_bytes": backup.size_bytes,
        "proven": backup.proven,
        "at": moment(backup.at),
        "command": backup.command,
        "run_id": backup.made_by,
    }


def _drift_json(result: NamedResult) -> dict[str, Any]:
    return {
        "check": result.name,
        "status": result.status.value,
        "code": result.code,
        "detail": result.detail,
    }
