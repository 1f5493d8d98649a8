"""How a command on many databases ends, as its error."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from sst.errors import (
    InterruptedRunError,
    RolloutStoppedError,
    TargetsFailedError,
    TemporaryError,
)
from sst.fleet.outcome import SKIPPED, Outcome, State
from sst.fleet.rollout import Stop
from sst.fleet.stopped import ending

if TYPE_CHECKING:
    from collections.abc import Mapping

DONE, UNCHANGED = Outcome(State.DONE, 0), Outcome(State.UNCHANGED, 0)
LOST = Outcome(State.LOST)


def failed(code: int = 1) -> Outcome:
    """Return an outcome with the exit code *code*."""
    return Outcome(State.FAILED, code)


def named(*outcomes: Outcome) -> Mapping[str, Outcome]:
    """Return *outcomes* of databases called `t0`, `t1` and so on."""
    return {f"t{number}": outcome for number, outcome in enumerate(outcomes)}


@pytest.mark.parametrize("is_change", [True, False])
def test_nothing_is_wrong_when_all_are_settled(*, is_change: bool) -> None:
    assert ending(named(DONE, UNCHANGED), None, is_change=is_change, can_resume=False) is None


def test_some_failed_is_exit_1_and_names_them() -> None:
    error = ending(named(DONE, failed(5), failed(75)), None, is_change=True, can_resume=True)

    assert isinstance(error, TargetsFailedError)
    assert (error.exit_code, error.what, error.why) == (1, "2 of 3 targets failed.", "t1, t2")
    assert "--resume" in error.next_step


def test_engine_that_gives_up_ends_with_its_own_error_and_how_far_it_came() -> None:
    gone = TemporaryError(what="The queue is away.", why="no answer", next_step="try again")

    error = ending(named(DONE, LOST, SKIPPED), Stop(error=gone), is_change=True, can_resume=True)

    assert error is gone
    assert error.exit_code == 75
    assert error.why == "no answer; 1 target done, 1 failed, 1 target not begun"


@pytest.mark.parametrize("code", [2, 3, 4, 75])
def test_look_with_one_exit_code_ends_with_it(code: int) -> None:
    error = ending(
        named(DONE, failed(code), failed(code)), None, is_change=False, can_resume=False
    )

    assert error is not None
    assert error.exit_code == code
    assert "--resume" not in error.next_step


@pytest.mark.parametrize("others", [(failed(3), failed(75)), (failed(3), LOST), (LOST,)])
def test_look_with_several_exit_codes_ends_with_1(others: tuple[Outcome, ...]) -> None:
    error = ending(named(DONE, *others), None, is_change=False, can_resume=False)

    assert error is not None
    assert error.exit_code == 1


def test_change_with_one_exit_code_ends_with_1() -> None:
    error = ending(named(DONE, failed(75)), None, is_change=True, can_resume=True)

    assert error is not None
    assert error.exit_code == 1


def test_stop_is_exit_5_and_says_what_was_not_begun() -> None:
    outcomes = named(DONE, failed(), LOST, SKIPPED, SKIPPED)

    error = ending(
        outcomes, Stop("2 failures, and --max-failures is 1"), is_change=True, can_resume=True
    )

    assert isinstance(error, RolloutStoppedError)
    assert (error.exit_code, error.code) == (5, "rollout_stopped")
    assert error.what == "Stopped: 2 failures, and --max-failures is 1."
    assert error.why == "failed: t1, t2; 2 targets not begun"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_is_its_own_exit_code(number: int, code: int) -> None:
    outcomes = named(DONE, UNCHANGED, failed(code), SKIPPED)

    error = ending(outcomes, Stop(signal_number=number), is_change=True, can_resume=True)

    assert isinstance(error, InterruptedRunError)
    assert error.exit_code == code
    assert error.why == "2 targets done, 1 failed, 1 target not begun"


def test_signal_that_came_too_late_to_leave_anything_out_is_said_all_the_same() -> None:
    error = ending(named(DONE), Stop(signal_number=signal.SIGINT), is_change=True, can_resume=True)

    assert error is not None
    assert error.exit_code == 130


def test_many_failures_are_named_up_to_a_number() -> None:
    error = ending(named(*[failed()] * 500), None, is_change=True, can_resume=True)

    assert error is not None
    assert len(error.why) < 200
    assert "490" in error.why


@pytest.mark.parametrize("stop", [None, Stop("1 failure in the canary"), Stop(signal_number=2)])
def test_next_step_of_a_command_without_resume_does_not_name_it(stop: Stop | None) -> None:
    error = ending(named(failed(), SKIPPED), stop, is_change=True, can_resume=False)

    assert error is not None
    assert "run the same command again" in error.next_step
    assert "--resume" not in error.next_step


def test_look_that_finds_only_what_is_pending_does_not_say_that_it_failed() -> None:
    error = ending(named(DONE, failed(3)), None, is_change=False, can_resume=False)

    assert error is not None
    assert error.what == "1 of 2 targets has something to do."
