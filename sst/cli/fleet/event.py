"""The event of a rollout's end: how many went well, which failed, and why it was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.fleet.report import total
from sst.fleet.outcome import ENDED_BADLY, State
from sst.hooks.contract.events import Event, EventKind
from sst.migrator.ledger.actor import user_at_host
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report

_MOST_NAMED = 10
_MOST_SIGNS = 200


def tell_of_end(report: Report, invocation: Invocation, seconds: float) -> None:
    """Send the event of *report*, the end of a rollout that took so long, to who observes."""
    error = report.error
    event = Event(
        kind=_kind_of(report),
        run_id=None,
        command=invocation.command,
        environment=invocation.runtime.environment,
        database="",
        message=total(report),
        error_code=error.code if error else None,
        duration_ms=int(seconds * 1000),
        why=invocation.clean("\n".join(_why(report))) or None,
        next_step=invocation.clean(error.next_step) if error else None,
        actor=user_at_host(),
    )
    invocation.runtime.plugins.observe("notify", event=event)


def _kind_of(report: Report) -> EventKind:
    if report.error:
        return EventKind.ROLLOUT_FAILED
    has_moved = any(result.get("applied") for result in report.extras["targets"].values())
    return EventKind.ROLLOUT_SUCCEEDED if has_moved else EventKind.NOTHING_TO_DO


def _why(report: Report) -> Iterator[str]:
    """Yield why it was stopped, then the first that failed, each with the first words of why."""
    if report.error is None:
        return
    yield report.error.what
    failed = [
        f"{name}: {_words(result)}"
        for name, result in report.extras["targets"].items()
        if result["state"] in ENDED_BADLY
    ]
    yield from failed[:_MOST_NAMED]
    if left := len(failed[_MOST_NAMED:]):
        yield f"... and {left} more"


def _words(result: Mapping[str, Any]) -> str:
    error = result.get("error") or {}
    text = first_line(error.get("message") or "", State(result["state"]).value)
    return text if len(text) <= _MOST_SIGNS else f"{text[:_MOST_SIGNS]}..."
