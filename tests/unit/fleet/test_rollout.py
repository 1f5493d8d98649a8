"""The rollout with an engine that answers by a script: order, limits, and when it stops."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from sst.errors import TemporaryError
from sst.fleet.budget import Budget
from sst.fleet.outcome import State
from sst.fleet.rollout import Limits, Rollout
from sst.fleet.waves import waves_of
from sst.hooks.contract.fleet.jobs import Work
from tests.support.scripted_engine import SKIPPED, WORK, ScriptedEngine, target, targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.config.sources.target import Target

FAILS = [1]
LOOK = Work(("upgrade",), is_look=True)


def rolled_out(engine: ScriptedEngine, chosen: Sequence[Target], **options: Any) -> Rollout:
    """Return the rollout to *chosen*, `made` with *options*, when it has ended."""
    rollout = made(engine, chosen, **options)
    rollout.run()
    return rollout


def made(
    engine: ScriptedEngine,
    chosen: Sequence[Target],
    *,
    canary: str = "",
    work: Work = WORK,
    per_server: int = 4,
    **limits: Any,
) -> Rollout:
    """Return a rollout to *chosen* that has not begun."""
    return Rollout(
        waves_of(chosen, canary),
        work,
        engine,
        Limits(per_server, **{"again_after_seconds": 0.001, **limits}),
        lambda *_: None,
        is_canaried=bool(canary),
    )


def in_state(rollout: Rollout, state: State) -> list[str]:
    """Return the names of the databases that came to *state*."""
    return [name for name, each in rollout.outcomes.items() if each.state is state]


def failing(*names: str) -> Mapping[str, Sequence[int]]:
    """Return a script in which *names* fail."""
    return dict.fromkeys(names, FAILS)


def test_each_database_is_worked_on_once_and_told_of_once() -> None:
    engine, told = ScriptedEngine(), []
    chosen = targets(50)
    rollout = Rollout(
        waves_of(chosen, "1"), WORK, engine, Limits(4), lambda name, _: told.append(name)
    )

    rollout.run()

    assert sorted(engine.begun) == sorted(told) == [each.name for each in chosen]
    assert in_state(rollout, State.DONE) == [each.name for each in chosen]
    assert rollout.stop is None


@pytest.mark.parametrize("per_server", [1, 2, 3])
def test_limit_of_a_server_is_never_exceeded(per_server: int) -> None:
    engine = ScriptedEngine({"t005": [75, None, 75], "t009": [None]}, most=8)
    chosen = [*targets(20), *(target(f"other{n}", "two") for n in range(20))]

    rolled_out(engine, chosen, per_server=per_server, attempts=3)

    assert set(engine.most_at_once.values()) == {per_server}


def test_servers_take_turns() -> None:
    engine = ScriptedEngine(most=1)
    chosen = [target(f"{server}{n}", server) for server in "abc" for n in range(3)]

    rolled_out(engine, chosen)

    assert engine.begun == [f"{server}{n}" for n in range(3) for server in "abc"]


def test_busy_server_keeps_no_other_waiting() -> None:
    engine = ScriptedEngine(most=2)
    chosen = [*(target(f"a{n}", "a") for n in range(5)), target("b", "b")]

    rolled_out(engine, chosen, per_server=1)

    assert engine.begun[:2] == ["a0", "b"]


def test_wave_begins_when_the_one_before_it_has_ended() -> None:
    engine = ScriptedEngine({"t000": [75, 0]}, most=8)

    rolled_out(engine, targets(20), canary="1", per_server=8, attempts=3)

    assert engine.begun[:2] == ["t000", "t000"]


@pytest.mark.parametrize("budget", ["0", "5", "100%"])
def test_failing_canary_stops_whatever_the_budget(budget: str) -> None:
    engine = ScriptedEngine(failing("t000"), most=1)

    rollout = rolled_out(engine, targets(20), canary="3", budget=Budget.of(budget))

    assert engine.begun == ["t000"]
    assert rollout.stop is not None
    assert rollout.stop.why == "1 failure in the canary"
    assert in_state(rollout, State.SKIPPED) == [each.name for each in targets(20)[1:]]


def test_reason_of_a_stop_counts_what_was_at_work_and_failed_as_well() -> None:
    engine = ScriptedEngine(failing(*(each.name for each in targets(9))), most=3)

    rollout = rolled_out(engine, targets(9), budget=Budget(0))

    assert len(in_state(rollout, State.FAILED)) == 3
    assert rollout.stop is not None
    assert rollout.stop.why == "3 failures, and --max-failures is 0"


@pytest.mark.parametrize(
    ("budget", "failures", "begun"), [("0", 1, 1), ("2", 3, 3), ("10%", 3, 3), ("15%", 4, 4)]
)
def test_budget_stops_at_one_failure_more(budget: str, failures: int, begun: int) -> None:
    chosen = targets(20)
    engine = ScriptedEngine(failing(*(each.name for each in chosen)), most=1)

    rollout = rolled_out(engine, chosen, budget=Budget.of(budget))

    assert len(engine.begun) == begun
    assert len(in_state(rollout, State.FAILED)) == failures
    assert engine.is_withdrawn
    assert rollout.stop is not None
    assert f"--max-failures is {budget}" in rollout.stop.why


def test_what_is_at_work_at_a_stop_comes_to_its_end() -> None:
    engine = ScriptedEngine(failing("t000"), most=4)

    rollout = rolled_out(engine, targets(20), budget=Budget())

    assert in_state(rollout, State.DONE) == ["t001", "t002", "t003"]
    assert len(in_state(rollout, State.SKIPPED)) == 16


def test_failures_within_the_budget_stop_nothing() -> None:
    engine = ScriptedEngine(failing("t001", "t003"))

    rollout = rolled_out(engine, targets(20), budget=Budget(2))

    assert rollout.stop is None
    assert in_state(rollout, State.FAILED) == ["t001", "t003"]
    assert len(in_state(rollout, State.DONE)) == 18


def test_signal_lets_work_end_and_begins_nothing_more() -> None:
    engine = ScriptedEngine(most=3)
    rollout = made(engine, targets(20))
    engine.meanwhile = lambda: rollout.interrupt(signal.SIGTERM) if not rollout.stop else None

    rollout.run()

    assert engine.signals == [signal.SIGTERM]
    assert rollout.stop is not None
    assert rollout.stop.signal_number == signal.SIGTERM
    assert in_state(rollout, State.DONE) == ["t000", "t001", "t002"]
    assert len(in_state(rollout, State.SKIPPED)) == 17


def test_what_is_given_back_after_a_signal_was_not_begun() -> None:
    engine = ScriptedEngine({"t000": [130], "t001": [SKIPPED]}, most=2)
    rollout = made(engine, targets(3))
    engine.meanwhile = lambda: rollout.interrupt(signal.SIGINT)

    rollout.run()

    assert in_state(rollout, State.FAILED) == ["t000"]
    assert in_state(rollout, State.SKIPPED) == ["t001", "t002"]


def test_what_is_given_back_without_a_signal_of_ours_is_begun_again() -> None:
    engine = ScriptedEngine({"t001": [SKIPPED, SKIPPED, 0]})

    rollout = rolled_out(engine, targets(3))

    assert engine.begun.count("t001") == 3
    assert in_state(rollout, State.DONE) == ["t000", "t001", "t002"]
    assert rollout.outcomes["t001"].attempts == 1


def test_signal_ends_a_pause_between_waves() -> None:
    engine = ScriptedEngine()
    rollout = made(engine, targets(9), canary="1", pause_seconds=86_400)

    def interrupt() -> None:
        if engine.begun and engine.free == 4:
            rollout.interrupt(signal.SIGINT)

    engine.meanwhile = interrupt

    rollout.run()

    assert in_state(rollout, State.DONE) == ["t000"]
    assert len(in_state(rollout, State.SKIPPED)) == 8


def test_pause_is_between_waves_alone() -> None:
    engine = ScriptedEngine()

    rolled_out(engine, targets(7), canary="1", pause_seconds=0.05)

    waits = engine.times["t001"][0] - engine.times["t000"][0]
    assert waits >= 0.05
    assert engine.begun[0] == "t000"
    one_wave = ScriptedEngine()
    assert rolled_out(one_wave, targets(2), pause_seconds=86_400).stop is None


CHECK = Work(("check",))


def test_check_between_waves_looks_at_the_wave_before_and_not_at_the_last() -> None:
    engine = ScriptedEngine(most=1)

    rollout = rolled_out(engine, targets(6), canary="1", check=CHECK)

    assert engine.begun == ["t000", "t000", *(each.name for each in targets(6)[1:])]
    assert in_state(rollout, State.DONE) == [each.name for each in targets(6)]


def test_failing_check_of_the_canary_stops_what_has_not_begun() -> None:
    engine = ScriptedEngine({"t000": [0, 3]})

    rollout = rolled_out(engine, targets(7), canary="1", check=CHECK, budget=Budget(5))

    assert engine.begun == ["t000", "t000"]
    assert rollout.stop is not None
    assert rollout.stop.why == "1 failure in the canary"
    assert (rollout.outcomes["t000"].state, rollout.outcomes["t000"].exit_code) == (
        State.FAILED,
        4,
    )
    assert len(in_state(rollout, State.SKIPPED)) == 6


def test_failing_check_counts_in_the_budget_beside_failing_runs() -> None:
    script = {"t001": [1], "t002": [0, 3], "t003": [0, 75, 0], "t004": [0, 75, 75]}
    engine = ScriptedEngine(script, most=1)

    rollout = rolled_out(engine, targets(8), canary="1", check=CHECK, budget=Budget(2), attempts=2)

    assert in_state(rollout, State.FAILED) == ["t001", "t002", "t004"]
    assert engine.begun.count("t001") == 1
    assert rollout.stop is not None
    assert rollout.stop.why == "3 failures, and --max-failures is 2"
    assert in_state(rollout, State.SKIPPED) == ["t006", "t007"]


def test_check_that_no_answer_comes_to_loses_its_database() -> None:
    engine = ScriptedEngine({"t000": [0, *[None] * 9]})

    rollout = rolled_out(engine, targets(3), canary="1", check=CHECK)

    assert in_state(rollout, State.LOST) == ["t000"]
    assert engine.begun.count("t000") == 7


@pytest.mark.parametrize("code", [130, None, 3])
def test_signal_during_a_check_leaves_done_what_was_done(code: int | None) -> None:
    engine = ScriptedEngine({"t000": [0, code]})
    rollout = made(engine, targets(7), canary="1", check=CHECK)

    def interrupt() -> None:
        if len(engine.begun) == 2:
            rollout.interrupt(signal.SIGINT)

    engine.meanwhile = interrupt

    rollout.run()

    assert in_state(rollout, State.DONE) == ["t000"]
    assert len(in_state(rollout, State.SKIPPED)) == 6


def test_check_begins_with_those_that_were_done_before() -> None:
    settled = [target("s0"), target("s1")]
    engine = ScriptedEngine({"s1": [3]}, most=1)
    rollout = made(engine, targets(3), canary="1", check=CHECK, budget=Budget())
    rollout.settled = settled

    rollout.run()

    assert engine.begun == ["s0", "s1"]
    assert in_state(rollout, State.FAILED) == ["s1"]
    assert in_state(rollout, State.SKIPPED) == ["t000", "t001", "t002"]


def test_look_finds_each_once_and_stops_for_no_failure() -> None:
    engine = ScriptedEngine({"t001": [75], "t002": [2]})

    rollout = rolled_out(engine, targets(4), work=LOOK, attempts=1)

    assert sorted(engine.begun) == ["t000", "t001", "t002", "t003"]
    assert in_state(rollout, State.UNCHANGED) == ["t000", "t003"]
    assert in_state(rollout, State.FAILED) == ["t001", "t002"]


def test_signal_awaits_no_look() -> None:
    """One that hangs would keep who has asked for the end; it changes nothing."""
    engine = ScriptedEngine(most=3)
    rollout = made(engine, targets(5), work=LOOK)
    engine.meanwhile = lambda: rollout.interrupt(signal.SIGINT)

    rollout.run()

    assert len(engine.begun) == 3
    assert in_state(rollout, State.UNCHANGED) == ["t000"]
    assert len(in_state(rollout, State.SKIPPED)) == 4


def test_engine_that_gives_up_leaves_a_report_of_what_was_done() -> None:
    """What it has at work may go on elsewhere: that is not what was never begun."""
    answered: list[None] = []

    def give_up_at_the_third() -> None:
        answered.append(None)
        if len(answered) > 2:
            raise TemporaryError(what="The queue is away.")

    rollout = rolled_out(ScriptedEngine(most=1, meanwhile=give_up_at_the_third), targets(4))

    states = [outcome.state for outcome in rollout.outcomes.values()]
    assert states == [State.DONE, State.DONE, State.LOST, State.SKIPPED]
    assert rollout.stop is not None
    assert rollout.stop.error is not None
    assert rollout.stop.error.exit_code == 75
