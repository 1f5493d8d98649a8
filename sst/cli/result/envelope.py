"""The one JSON object of a command: the same keys on success and on failure; add-only."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sst.cli.result.revisions import joined, revision_json
from sst.errors import ConfigError
from sst.tracing.spans import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.cli.call.invocation import Invocation
    from sst.errors import SstError
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

SCHEMA_VERSION = 1
_OF_SOME_ERRORS = ("revision", "sqlstate", "committed", "revisions")


def envelope(report: Report, invocation: Invocation) -> dict[str, Any]:
    """Return *report* with the keys that every command has, then those of its own."""
    runtime, made = invocation.opened, ids()
    return {
        "schema_version": SCHEMA_VERSION,
        "command": invocation.command,
        "ok": report.error is None,
        "exit_code": report.exit_code,
        "environment": runtime.environment if runtime else None,
        "database": _database(runtime),
        "schema": _schema(runtime),
        "error": _error(report.error, invocation.clean),
        "run_id": report.run_id,
        "state": report.state,
        "before": joined(report.before),
        "after": joined(report.after),
        "heads": list(report.heads),
        "pending": [revision_json(item) for item in report.pending],
        "applied": [revision_json(item) for item in report.applied],
        "plugins": _plugins(runtime),
        "backup": report.backup.to_dict() if report.backup else None,
        "checks": [item.to_dict() for item in report.checks],
        "warnings": list(report.warnings),
        **({"trace_id": made.trace} if made else {}),
        **invocation.presentation.keys(report),
        **report.extras,
    }


def _database(runtime: Runtime | None) -> str | None:
    """Return the database's URL without its password, when one was resolved."""
    if runtime is None:
        return None
    return runtime.resolved_url.safe if runtime.resolved_url else None


def _schema(runtime: Runtime | None) -> str | None:
    """Return the one schema that the call is about; None for a whole database."""
    url = runtime.resolved_url if runtime else None
    return (url.schema or None) if url else None


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
    known = {name: getattr(error, name, None) for name in _OF_SOME_ERRORS}
    found |= {name: value for name, value in known.items() if value} | error.fault.to_dict()
    if isinstance(error, ConfigError):
        found["problems"] = [
            {key: clean(text) for key, text in asdict(problem).items()}
            for problem in error.problems
        ]
    return found
