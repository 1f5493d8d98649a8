"""The text of a report of many databases: all of them, or on a terminal those in trouble."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from sst.cli.fleet import report as shown
from sst.fleet.outcome import SKIPPED, Outcome, State
from tests.support.scripted_engine import targets

if TYPE_CHECKING:
    from sst.runtime import Runtime

DONE, FAILED = Outcome(State.DONE, 0), Outcome(State.FAILED, 1)


def lines(count: int) -> list[str]:
    """Return the text for *count* databases: the first has failed, the last is skipped."""
    chosen = targets(count)
    outcomes = dict.fromkeys((each.name for each in chosen), DONE)
    outcomes |= {chosen[0].name: FAILED, chosen[-1].name: SKIPPED}
    report = shown.report_of(chosen, outcomes, None, way="forward", began_at=datetime.now(UTC))
    return shown.text(report, cast("Runtime", None))


def test_each_has_a_line_off_a_terminal() -> None:
    found = lines(500)

    assert len(found) == 501
    assert [line.split("\t")[0] for line in found[-3:-1]] == ["t000", "t499"]
    assert found[-1] == "500 targets: 498 done, 1 failed, 1 skipped"


@pytest.mark.parametrize(("count", "left"), [(500, 2), (21, 2), (20, 21)])
def test_terminal_has_a_line_for_each_of_a_few_and_for_failures_of_many(
    monkeypatch: pytest.MonkeyPatch, count: int, left: int
) -> None:
    monkeypatch.setattr(shown, "terminal_columns", lambda _: 80)

    found = lines(count)

    assert len(found) == left
    assert any("t000" in line for line in found)


@pytest.mark.parametrize(
    ("state", "pending", "errors", "words"),
    [
        ("empty", 7, 0, "empty, 7 revisions pending"),
        ("pending", 1, 2, "1 revision pending, 2 errors"),
        ("current", 0, 0, "current"),
    ],
)
def test_plan_of_a_database_says_how_much_there_is_to_do(
    state: str, pending: int, errors: int, words: str
) -> None:
    said = {"state": state, "pending": [{}] * pending, "summary": {"errors": errors}}
    packed = zlib.compress(json.dumps(said).encode())

    assert shown.told(Outcome(State.DONE, 0, report=packed)) == f"done {words}"
