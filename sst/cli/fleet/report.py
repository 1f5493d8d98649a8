"""One report of a command on many databases: a line for each in trouble, all of them in JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sst.cli.call.presentation import Presentation
from sst.cli.result.table import records
from sst.fleet.outcome import ENDED_BADLY, State, counts, unpacked
from sst.fleet.stopped import ending
from sst.hooks.contract.events import rfc3339
from sst.migrator.values.report import Report
from sst.text import counted, span_text, terminal_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sst.cli.fleet.options import Way
    from sst.config.sources.target import Target
    from sst.fleet.outcome import Outcome
    from sst.fleet.rollout import Stop
    from sst.runtime import Runtime

_FORMS = {
    "junit": "sst.cli.result.junit.databases:junit",
    "prometheus": "sst.cli.fleet.prometheus:prometheus",
}
"""The forms that a report of many databases can have beside text and JSON."""
_SAME_FOR_ALL = frozenset(
    {"schema_version", "command", "ok", "exit_code", "plugins", "environment"}
)
_MOST_ON_TERMINAL = 20
_UNSAID = {
    State.LOST: "no answer came, its own record says how far it is",
    State.SKIPPED: "not begun",
    State.WAITING: "not begun",
}


def of_many(presentation: Presentation) -> Presentation:
    """Return how a command of *presentation* shows a report of many databases."""
    own = presentation.forms
    forms = {name: place for name, place in _FORMS.items() if name in (own or {})}
    return Presentation(text, keys, forms=None if own is None else forms)


def report_of(
    targets: Sequence[Target],
    outcomes: Mapping[str, Outcome],
    stop: Stop | None,
    *,
    way: Way,
    began_at: datetime,
) -> Report:
    """Return the report of all *targets*, in their order; *began_at* is before all of it."""
    in_order = {target.name: outcomes[target.name] for target in targets}
    found = counts(in_order.values())
    return Report(
        error=ending(in_order, stop, is_change=way != "look", can_resume=way == "forward"),
        extras={
            "began_at": rfc3339(began_at),
            "counts": {state.value: count for state, count in found.items() if count},
            "targets": _Results(in_order),
        },
    )


class _Results(Mapping[str, Mapping[str, Any]]):
    """What `--json` has of each database, unpacked as it is asked for: they can be thousands."""

    def __init__(self, outcomes: Mapping[str, Outcome]) -> None:
        self._outcomes = outcomes

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return _result(self._outcomes[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._outcomes)

    def __len__(self) -> int:
        return len(self._outcomes)


def text(report: Report, _runtime: Runtime) -> list[str]:
    """Return a line for each database, those in trouble last, and how many there are of each.

    On a terminal, which they would fill, many of them are those that have failed alone.
    """
    results: Mapping[str, Mapping[str, Any]] = report.extras["targets"]
    in_trouble = ENDED_BADLY | {State.SKIPPED}
    is_folded = len(results) > _MOST_ON_TERMINAL and terminal_columns(sys.stdout) is not None
    well = [] if is_folded else _rows(results, frozenset(State) - in_trouble)
    badly = _rows(results, ENDED_BADLY if is_folded else in_trouble)
    return [*records([*well, *badly]), *records([(total(report),)])]


def _rows(
    results: Mapping[str, Mapping[str, Any]], states: AbstractSet[State]
) -> list[tuple[str, ...]]:
    return [
        (name, *_cells(result)) for name, result in results.items() if result["state"] in states
    ]


def total(report: Report) -> str:
    """Return in one line how many databases there are of each state."""
    counted_ones = (f"{count} {state}" for state, count in report.extras["counts"].items())
    return f"{counted(len(report.extras['targets']), 'target')}: {', '.join(counted_ones)}"


def keys(report: Report) -> Mapping[str, Any]:
    """Return the counts and the results by the names of the databases; null where none began."""
    return {name: report.extras.get(name) for name in ("began_at", "counts", "targets")}


def told(outcome: Outcome) -> str:
    """Return in one line what became of a database."""
    how = " ".join(_cells(_result(outcome)))
    return f"{how} ({span_text(outcome.seconds)})" if outcome.attempts else how


def _result(outcome: Outcome) -> dict[str, Any]:
    """Return what `--json` has of one database: how it ended, and the keys of the command."""
    said = unpacked(outcome.report)
    own = {key: value for key, value in said.items() if key not in _SAME_FOR_ALL}
    own |= _found_afterwards(unpacked(outcome.check))
    # A database has a state, too.
    own["schema_state"] = own.pop("state", None)
    return {
        "state": outcome.state.value,
        "exit_code": outcome.exit_code,
        "seconds": round(outcome.seconds, 3),
        "attempts": outcome.attempts,
        **own,
    }


def _found_afterwards(check: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a *check* that failed after the command says in place of the command."""
    found = {key: check[key] for key in ("error", "checks", "state") if key in check}
    if error := found.get("error"):
        message = f"The schema is migrated, but its check failed. {error['message']}"
        found["error"] = {**error, "message": message}
    return found


def _cells(result: Mapping[str, Any]) -> tuple[str, str]:
    state, error = State(result["state"]), result.get("error")
    return state.value, " ".join(_said(state, result, error))


def _said(
    state: State, result: Mapping[str, Any], error: Mapping[str, Any] | None
) -> Iterator[str]:
    if state in _UNSAID:
        yield _UNSAID[state]
    elif error:
        yield error["message"]
    elif result.get("applied"):
        yield f"{result['before'] or 'empty'} -> {result['after']}"
    elif result.get("backup"):
        yield result["backup"]["id"]
    elif result.get("schema_state"):
        yield ", ".join(_standing(result))


def _standing(result: Mapping[str, Any]) -> Iterator[str]:
    """Give where a database stands, and of a plan how much it would do and what speaks against."""
    pending, summary = result.get("pending"), result.get("summary") or {}
    if not pending or result["schema_state"] != "pending":
        yield result["schema_state"]
    if pending:
        yield f"{counted(len(pending), 'revision')} pending"
    if errors := summary.get("errors"):
        yield counted(errors, "error")
