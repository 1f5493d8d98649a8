"""Checks that hang for hours do not pile up."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

from sst.errors import DatabaseUnreachableError
from sst.hooks.contract.checks import CheckStatus, Stage
from sst.web.probing.probes import Checkup
from sst.web.probing.turnstile import Turnstile
from tests.support.fake_runtime import FakeInspection, fake_runtime

if TYPE_CHECKING:
    from sst.hooks.contract.checks import Inspection


def turnstile(places: int) -> Turnstile:
    """Return a turnstile in front of a database that always answers."""
    return Turnstile(lambda: cast("Inspection", FakeInspection()), places)


def test_inspection_beyond_the_places_is_refused_at_once() -> None:
    gate = turnstile(2)

    with ExitStack() as hung:
        hung.enter_context(gate.inspect())
        hung.enter_context(gate.inspect())
        with pytest.raises(DatabaseUnreachableError, match="still wait"), gate.inspect():
            pass


def test_checks_that_hang_for_hours_stay_a_bounded_number() -> None:
    """The database is never left waiting with one more thread and connection every second."""
    released = threading.Event()
    entered: list[threading.Thread] = []

    def hang() -> FakeInspection:
        entered.append(threading.current_thread())
        released.wait(60)
        return FakeInspection()

    checkup = Checkup(fake_runtime(look=hang), Stage.READY, 0.05, threading.RLock())

    reports = [checkup() for _ in range(20)]
    released.set()

    assert len(entered) == 2
    assert {report.status for report in reports} == {CheckStatus.FAIL}
    assert reports[0].results[0].code == "timeout"
    assert reports[-1].results[0].detail == "Earlier checks still wait for the database."


def test_place_is_free_again_after_an_error() -> None:
    gate = turnstile(1)
    with pytest.raises(ZeroDivisionError), gate.inspect():
        _ = 1 / 0

    with gate.inspect() as inspection:
        state = inspection.state

    assert state == "up_to_date"
