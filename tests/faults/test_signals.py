"""SIGTERM at each phase: the statement is cancelled and the run ends in order."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import ASLEEP, WAITING, Fault, Scene, drive
from tests.support.forks import wait_until
from tests.support.locks import hold_run_lock

if TYPE_CHECKING:
    from collections.abc import Mapping


def _terminate(scene: Scene) -> None:
    assert scene.run
    scene.run.signal(signal.SIGTERM)


def _terminate_while_waiting(scene: Scene) -> None:
    run = scene.run
    assert run
    wait_until(lambda: "waiting for" in run.printed(), "the run waits for the lock")
    run.signal(signal.SIGTERM)


def _ended(at: str, ends: str = "", does: str = WAITING, **over: object) -> Fault:
    values = {
        "name": at,
        "at": at,
        "does": does,
        "ends": ends,
        "act": _terminate,
        "outcome": "interrupted",
        "says": "interrupted",
        **over,
    }
    return Fault(exit_code=143, **values)  # type: ignore[arg-type]


FAULTS = [
    _ended(
        "", name="lock", does="", arrange=hold_run_lock, act=_terminate_while_waiting, outcome=None
    ),
    _ended("notify.run_started"),
    _ended("pre_migrate"),
    _ended("around.enter"),
    _ended("pre_revision.one"),
    _ended("in_revision.one"),
    _ended("one.middle", "", ASLEEP),
    _ended("one.last", "", WAITING),
    _ended("post_revision.one", "one"),
    _ended("pre_revision.two", "one"),
    _ended("two.middle", "one", ASLEEP),
    _ended("three.last", "two", ASLEEP),
    _ended("around.leave", "three"),
    _ended("post_migrate", "three"),
    _ended("notify.run_succeeded", "three"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_terminated_run(
    fault: Fault, scene: Scene, undisturbed: Mapping[str, frozenset[str]]
) -> None:
    drive(fault, scene, undisturbed)
