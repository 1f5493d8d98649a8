"""`kill -9` at each phase: the server drops lock and statement, and the next run goes on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.faults import ASLEEP, Fault, Scene, drive
from tests.support.forks import wait_until
from tests.support.locks import hold_run_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

_KILLED = "os.kill(os.getpid(), 9)"
_INDEX = "CREATE INDEX items_label ON public.items USING btree (label)"


def _killed(at: str, ends: str = "", *, outcome: str = "interrupted", **over: object) -> Fault:
    values = {"name": at, "at": at, "does": _KILLED, "ends": ends, "outcome": outcome, **over}
    return Fault(exit_code=-signal.SIGKILL, **values)  # type: ignore[arg-type]


def _kill(scene: Scene) -> None:
    assert scene.run
    scene.run.signal(signal.SIGKILL)


def _kill_while_waiting(scene: Scene) -> None:
    run = scene.run
    assert run
    wait_until(lambda: "waiting for" in run.printed(), "the run waits for the lock")
    run.signal(signal.SIGKILL)


FAULTS = [
    Fault(
        name="lock",
        arrange=hold_run_lock,
        act=_kill_while_waiting,
        exit_code=-signal.SIGKILL,
        outcome=None,
    ),
    _killed("notify.run_started"),
    _killed("pre_migrate"),
    _killed("around.enter"),
    _killed("pre_revision.one"),
    _killed("in_revision.one"),
    _killed("in_revision.three", "two"),
    _killed("one.last"),
    _killed("one.middle", name="statement in a transaction", does=ASLEEP, act=_kill),
    _killed("notify.revision_applied", "one"),
    _killed("post_revision.one", "one"),
    _killed("pre_revision.two", "one"),
    _killed("two.middle", "one"),
    _killed("two.last", "one", leaves=frozenset({_INDEX})),
    _killed("two.middle", "one", name="statement in autocommit", does=ASLEEP, act=_kill),
    _killed("three.middle", "two"),
    _killed("around.leave", "three"),
    _killed("post_migrate", "three"),
    _killed("notify.run_succeeded", "three", outcome="succeeded"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_killed_run(fault: Fault, scene: Scene, undisturbed: Mapping[str, frozenset[str]]) -> None:
    drive(fault, scene, undisturbed)


def test_check_after_a_kill_names_the_run_and_the_revision(scene: Scene) -> None:
    project = scene.project
    (project.root / "three.middle").write_text(_KILLED)
    project.migrate("upgrade")
    run_id = project.last_run()["id"]

    check = project.migrate("check", "--json")

    assert (check.exit_code, check.json["state"]) == (3, "interrupted")
    assert check.json["after"] == "two"
    assert run_id in check.json["error"]["message"]
    assert "three" in check.json["error"]["message"]
