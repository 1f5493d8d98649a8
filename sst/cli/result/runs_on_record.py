"""Runs as text and as JSON-ready values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sst.cli.result.table import moment, records
from sst.errors import Fault
from sst.migrator.values.report import CORE
from sst.text import counted, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.migrator.ledger.reader import RunRecord, StepRecord

_NO_NOTICES: dict[str, Any] = {"notices": [], "notices_left_out": 0}
_OWN_COLUMNS = frozenset({"run_id", "position", "checksum"})


def run_list(runs: Sequence[RunRecord]) -> list[str]:
    """Return one line for each of *runs*."""
    return records(_row(run) for run in runs)


def run_details(run: RunRecord) -> list[str]:
    """Return everything about *run*, a line each: its facts, then its steps."""
    facts = [(name, value, "", "", "") for name, value in _facts(run) if value]
    return records([*facts, *(_step_row(step) for step in run.steps)])


def run_json(run: RunRecord) -> dict[str, Any]:
    """Return *run* as the object that `--json` prints under `run` and in `runs`."""
    details = run.details
    return {
        "id": run.id,
        "command": run.command,
        "target": run.target,
        "environment": details["environment"],
        "outcome": run.outcome,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at) if run.finished_at else None,
        "duration_ms": run.duration_ms,
        "tries": run.tries,
        "before": list(run.before),
        "after": list(run.after),
        "who": {name: details[name] for name in ("os_user", "db_role", "host", "pid")},
        "app_version": details["app_version"],
        "git_commit": details["git_commit"],
        "git_dirty": details.get("git_dirty"),
        "trace_id": details.get("trace_id"),
        "plugins": details["plugins"],
        "hooks": details.get("hooks", []),
        "notes": details.get("notes", {}),
        "backup": details["backup"],
        "warnings": details.get("warnings", []),
        "gate": dict(run.gate) if run.gate else None,
        "error": dict(run.error) if run.error else None,
        "steps": [_step_json(step) for step in run.steps],
    }


def _row(run: RunRecord) -> tuple[str, ...]:
    return (
        run.id,
        moment(run.started_at),
        f"{run.command} {run.target}".strip(),
        run.outcome,
        duration_text(run.duration_ms),
        _steps(run),
        f"{run.details['os_user']}@{run.details['host']}",
        f"{_heads(run.before)} -> {_heads(run.after)}",
        _reason(run),
    )


def _facts(run: RunRecord) -> Iterator[tuple[str, str]]:
    details, backup = run.details, run.details["backup"]
    who = f"{details['os_user']}@{details['host']}, process {details['pid']}"
    commit = f", commit {details['git_commit']}" if details["git_commit"] else ""
    commit += ", with uncommitted changes" if details.get("git_dirty") else ""
    yield "run", run.id
    yield "command", f"{run.command} {run.target}".strip()
    yield "environment", details["environment"]
    yield "outcome", run.outcome
    yield "gate", _gate(run)
    yield "why", "" if run.error is None else _reason(run)
    yield from _remarks(run)
    yield "place", _place(run.error or {})
    yield "statement", (run.error or {}).get("statement") or ""
    yield "started", moment(run.started_at)
    yield "finished", moment(run.finished_at) if run.finished_at else ""
    yield "took", duration_text(run.duration_ms)
    yield "steps", _steps(run)
    yield "from", _heads(run.before)
    yield "to", _heads(run.after)
    yield "who", f"{who}, role {details['db_role']}"
    yield "code", f"version {details['app_version']}{commit}"
    yield "trace", details.get("trace_id") or ""
    yield "plugins", ", ".join(details["plugins"])
    yield "backup", f"{backup['id']} {backup['uri']}" if backup else ""


def _remarks(run: RunRecord) -> Iterator[tuple[str, str]]:
    """Yield warnings, plugins' notes, the server's messages; older records lack some of them."""
    for warning in run.details.get("warnings", []):
        plugin = "" if warning["plugin"] == CORE else f"plugin {warning['plugin']}, "
        yield "warning", f"{plugin}{warning['hook']}: {warning['text']}"
    for plugin, notes in run.details.get("notes", {}).items():
        yield from (("note", f"plugin {plugin}, {key}: {_told(notes[key])}") for key in notes)
    for step in run.steps:
        for each in step.details.get("notices", ()):
            yield each["severity"].lower(), f"{step.revision}: {each['text']}"
        if left_out := step.details.get("notices_left_out"):
            yield "notice", f"{step.revision}: and {left_out} more"


def _place(error: Mapping[str, Any]) -> str:
    """Return file and line of the revision that failed; older records do not have them."""
    return Fault(file=error.get("file"), line=error.get("line")).place


def _told(value: object) -> str:
    """Return a note's *value* in one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split())


def _steps(run: RunRecord) -> str:
    """Return how many steps the run began, and how many attempts they took where that is more."""
    count = len(run.steps)
    steps = counted(count, "step")
    return f"{steps} in {counted(run.tries, 'attempt')}" if run.tries > count else steps


def _step_row(step: StepRecord) -> tuple[str, ...]:
    took, attempts = duration_text(step.duration_ms), counted(step.attempts, "attempt")
    return (step.direction, step.revision, step.outcome, took, attempts)


def _step_json(step: StepRecord) -> dict[str, Any]:
    kept = {name: value for name, value in step.details.items() if name not in _OWN_COLUMNS}
    return {**_NO_NOTICES, **kept, "started_at": moment(step.started_at)}


def _reason(run: RunRecord) -> str:
    """Return what failed and why, or what a run waits for, in one line."""
    if not run.error:
        return _gate(run)
    parts = [run.error.get("code"), run.error.get("text"), run.error.get("why")]
    return " ".join(" ".join(f"{part}" for part in parts if part).split())


def _gate(run: RunRecord) -> str:
    if run.gate is None:
        return ""
    return f"in {run.gate['hook']} of plugin {run.gate['plugin']} since {run.gate['since']}"


def _heads(heads: Sequence[str]) -> str:
    return ",".join(heads) or "empty"
