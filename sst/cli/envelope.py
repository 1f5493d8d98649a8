"""The one JSON object of a command: the same keys on success and on failure; add-only."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sst.cli.run_text import run_json
from sst.cli.table import moment
from sst.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.cli.invocation import Invocation
    from sst.errors import SstError
    from sst.hooks import Restored
    from sst.migrator.values.report import Report, RevisionState
    from sst.runtime import Runtime

SCHEMA_VERSION = 1


def envelope(report: Report, invocation: Invocation) -> dict[str, Any]:
    """Return *report* with the keys that every command has."""
    runtime = invocation.opened
    return {
        "schema_version": SCHEMA_VERSION,
        "command": report.command,
        "ok": report.error is None,
        "exit_code": report.exit_code,
        "environment": runtime.environment if runtime else None,
        "database": _database(runtime),
        "error": _error(report.error, invocation.clean),
        "run_id": report.run_id,
        "state": report.state,
        "before": _joined(report.before),
        "after": _joined(report.after),
        "heads": list(report.heads),
        "pending": [_revision(item) for item in report.pending],
        "applied": [_revision(item) for item in report.applied],
        "plugins": _plugins(runtime),
        "backup": report.backup.to_dict() if report.backup else None,
        "checks": [item.to_dict() for item in report.checks],
        "warnings": list(report.warnings),
        **({"data": {}} if invocation.is_contributed else {}),
        **_extras(report),
    }


def _extras(report: Report) -> dict[str, Any]:
    """Return the keys of this command alone, which a failed one has too."""
    extras: dict[str, Any] = dict(report.extras)
    if report.command in ("history", "plan"):
        extras["revisions"] = [_revision(item) for item in report.revisions]
    elif report.command in ("upgrade", "downgrade"):
        extras["restored"] = _restored(report.restored)
    elif report.command == "revision":
        extras["path"] = report.path
    elif report.command.startswith("config "):
        extras.setdefault("config", None)
    return extras | _of_the_record(report)


def _of_the_record(report: Report) -> dict[str, Any]:
    """Return what `runs` and `repair` say."""
    found: dict[str, Any] = {}
    if report.runs is not None:
        found["runs"] = [run_json(run) for run in report.runs]
    if report.run:
        found["run"] = run_json(report.run)
    if report.mendings is not None:
        found["findings"] = [asdict(each) for each in report.mendings]
    return found


def _database(runtime: Runtime | None) -> str | None:
    """Return the database's URL without its password, when one was resolved."""
    if runtime is None:
        return None
    return runtime.resolved_url.safe if runtime.resolved_url else None


def _plugins(runtime: Runtime | None) -> list[dict[str, Any]]:
    if runtime is None:
        return []
    return [
        {"name": entry.name, "version": entry.version, "hooks": list(entry.hooks)}
        for entry in runtime.plugins.entries
    ]


def _error(error: SstError | None, clean: Callable[[str], str]) -> dict[str, Any] | None:
    if error is None:
        return None
    message = clean(f"{error.what} {error.why}".strip())
    hint = clean(error.next_step)
    found: dict[str, Any] = {"code": error.code, "message": message, "hint": hint}
    for name in ("revision", "sqlstate"):
        if getattr(error, name, None):
            found[name] = getattr(error, name)
    if isinstance(error, ConfigError):
        found["problems"] = [
            {key: clean(text) for key, text in asdict(problem).items()}
            for problem in error.problems
        ]
    return found


def _revision(item: RevisionState) -> dict[str, Any]:
    found: dict[str, Any] = {
        "revision": item.revision,
        "down_revision": _joined(item.down_revision),
        "description": item.description,
        "state": item.state,
        "applied_at": moment(item.applied_at) if item.applied_at else None,
        "duration_ms": item.duration_ms,
    }
    if item.sql is not None or item.note is not None:
        found |= {"sql": item.sql, "note": item.note}
    return found


def _restored(restored: Restored | None) -> dict[str, Any] | None:
    if restored is None:
        return None
    return {
        "backup": restored.backup_id,
        "heads": list(restored.heads),
        "kept_as": restored.kept_as,
        "cut_off_ms": restored.cut_off_ms,
    }


def _joined(revisions: tuple[str, ...]) -> str | None:
    """Return one revision as it is, several with a comma, none as null."""
    return ",".join(revisions) or None
