"""The report of thousands of databases: printed one after the other, and never held whole."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sst.cli.call.invocation import Invocation
from sst.cli.call.presentation import Presentation
from sst.cli.fleet.report import of_many, report_of
from sst.cli.result.output import print_result
from sst.fleet.outcome import Outcome, State
from sst.hooks.contract.fleet.jobs import packed_report
from tests.support.scripted_engine import targets

if TYPE_CHECKING:
    from pathlib import Path

    from sst.migrator.values.report import Report

COUNT = 2000
_REPORT = packed_report(json.dumps({"state": "up_to_date", "checks": ["it is well"] * 100}))


def report() -> Report:
    """Return the report of many databases that are done."""
    chosen = targets(COUNT)
    outcomes = {each.name: Outcome(State.DONE, 0, report=_REPORT) for each in chosen}
    return report_of(chosen, outcomes, None, way="forward", began_at=datetime.now(UTC))


@pytest.fixture
def call(tmp_path: Path) -> Invocation:
    """Return a call whose result is printed as JSON."""
    found = Invocation(tmp_path)
    found.as_json = True
    found.present(of_many(Presentation()))
    return found


def test_json_of_many_is_one_object(call: Invocation, capsys: pytest.CaptureFixture[str]) -> None:
    print_result(report(), call)

    [line] = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    assert line == json.dumps(answer)
    assert len(answer["targets"]) == answer["counts"]["done"] == COUNT
    assert answer["targets"]["t000"]["schema_state"] == "up_to_date"


def test_json_of_many_holds_one_database_at_a_time(
    call: Invocation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = report()
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        monkeypatch.setattr("sys.stdout", out)
        tracemalloc.start()
        print_result(found, call)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert (tmp_path / "out").stat().st_size > COUNT * 1000
    assert peak < COUNT * 100
