"""Reports as text: results on stdout, errors on stderr; a table only for a terminal."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sst.cli.envelope import envelope
from sst.cli.run_text import run_details, run_list
from sst.cli.table import moment, records
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.cli.invocation import Invocation
    from sst.errors import SstError
    from sst.hooks import CommandResult
    from sst.migrator.values.report import RevisionState
    from sst.runtime import Runtime


_DONE = {"applied": "applied", "pending": "reverted"}
_TO_DO = {"pending": "pending", "applied": "to revert"}
_THOUSAND = 1000
_PROVEN = {
    "restored": "restored and compared",
    "read": "read back, not restored",
    "no": "not verified",
    "yes": "verified",
}


def as_report(result: Report | CommandResult, invocation: Invocation) -> Report:
    """Return what a command gave back as a report; a plugin's with its secrets masked."""
    if isinstance(result, Report):
        return result
    redact = invocation.runtime.redact
    return Report(
        command=invocation.command,
        run_id=result.run_id,
        backup=result.backup,
        warnings=tuple(redact(line) for line in result.warnings),
        text=redact(result.text),
        extras={"data": _masked(dict(result.data), redact)},
    )


def print_result(report: Report, invocation: Invocation) -> int:
    """Print *report* and return its exit code."""
    if invocation.as_json:
        _print_lines([json.dumps(envelope(report, invocation), ensure_ascii=False)], color=False)
        return report.exit_code
    color = _color(invocation)
    _print_lines(_lines(report, invocation), color=color)
    for warning in report.warnings if invocation.is_contributed else ():
        click.echo(f"warning: {warning}", err=True)
    if report.error is not None:
        _print_text(report.error, invocation)
    return report.exit_code


def print_error(error: SstError, invocation: Invocation) -> int:
    """Print *error* in three lines, or as the JSON object; return its exit code."""
    if invocation.as_json:
        return print_result(Report(command=invocation.command, error=error), invocation)
    _print_text(error, invocation)
    return error.exit_code


def _masked(value: Any, redact: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON-ready
    """Return *value* with every text in it masked."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _masked(each, redact) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each, redact) for each in value]
    return value


def _color(invocation: Invocation) -> bool | None:
    """Return False where colour is unwanted; None leaves it to click: only on a terminal."""
    unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if invocation.no_color or unwanted else None


def _print_lines(lines: list[str], *, color: bool | None) -> None:
    """Print *lines* on stdout; the outcome stands when nobody reads it, as in `history | head`."""
    try:
        for line in lines:
            click.echo(line, color=color)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_text(error: SstError, invocation: Invocation) -> None:
    color = _color(invocation)
    from sst.redaction.redact import visible

    what, *rest = visible(invocation.clean(str(error))).splitlines()
    click.echo(click.style(what, fg="red", bold=True), err=True, color=color)
    for line in rest:
        click.echo(line, err=True, color=color)


def _lines(report: Report, invocation: Invocation) -> list[str]:
    if report.text is not None:
        return report.text.splitlines()
    if report.command == "check":
        return _check(report, invocation.runtime)
    show: dict[str, Callable[[Report], list[str]]] = {
        "current": _current,
        "history": _history,
        "plan": _plan,
        "revision": _revision,
        "repair": _repair,
        "wait": lambda _: [],
        "runs list": lambda found: run_list(found.runs or ()),
        "runs show": lambda found: run_details(found.run) if found.run else [],
    }
    return show.get(report.command, _run)(report)


def _check(report: Report, runtime: Runtime) -> list[str]:
    facts = [
        ("environment", runtime.environment),
        ("database", runtime.migration_url.safe),
        ("state", report.state or ""),
        ("revision", _where(report)),
    ]
    pending = [("pending", item.revision, item.description) for item in report.pending]
    checks = [
        (f"{check.plugin}/{check.name}", check.status.value, check.detail)
        for check in report.checks
    ]
    # Each block has columns of its own: a long URL must not push the others to the right.
    return records(facts) + records(pending) + records(checks)


def _current(report: Report) -> list[str]:
    return [_where(report)]


def _history(report: Report) -> list[str]:
    return records(_row(item) for item in report.revisions)


def _plan(report: Report) -> list[str]:
    if not report.revisions:
        return [f"nothing to do: the database is at {_where(report)}"]
    if any(item.sql or item.note for item in report.revisions):
        return [line for item in report.revisions for line in _script(item)]
    return records(
        (item.revision, _TO_DO[item.state], item.description) for item in report.revisions
    )


def _script(item: RevisionState) -> list[str]:
    head = f"-- {item.revision}: {item.description}"
    if item.sql is None:
        return [head, f"-- no preview: {item.note}", ""]
    return [head, item.sql.strip(), ""]


def _revision(report: Report) -> list[str]:
    return [report.path or "nothing written: env.py left no revision"]


def _repair(report: Report) -> list[str]:
    if not report.mendings:
        return ["nothing to repair"]
    return records(
        (item.outcome, item.code, item.subject, item.what, item.remedy, item.note)
        for item in report.mendings
    )


def _run(report: Report) -> list[str]:
    if report.error is None and not report.applied and report.run_id is None:
        return [f"up to date: the database is at {_where(report)}; nothing to do"]
    lines = records(
        (_DONE[item.state], item.revision, item.description, _seconds(item))
        for item in report.applied
    )
    if report.backup:
        backup = report.backup
        proven = _PROVEN[backup.proven or ("yes" if backup.verified else "no")]
        lines += records([("backup", backup.uri, _size(backup.size_bytes), proven)])
    if report.restored:
        lines.append(report.restored.message)
    lines += records([("warning", warning) for warning in report.warnings])
    if report.error is None:
        lines.append(_summary(report))
    return lines


def _summary(report: Report) -> str:
    before = ", ".join(report.before) or "empty"
    return f"done: {before} -> {_where(report)} in {report.seconds:.1f} s, run {report.run_id}"


def _where(report: Report) -> str:
    if not report.after:
        return "no revision (empty)"
    is_head = set(report.after) == set(report.heads)
    return ", ".join(report.after) + (" (head)" if is_head else "")


def _row(item: RevisionState) -> tuple[str, ...]:
    when = moment(item.applied_at) if item.applied_at else "-"
    return (item.revision, item.state, when, _seconds(item), item.description)


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < _THOUSAND:
            return f"{count:.3g} {unit}"
        count /= _THOUSAND
    return f"{count:.3g} GB"


def _seconds(item: RevisionState) -> str:
    return "-" if item.duration_ms is None else f"{item.duration_ms / 1000:.2f} s"
