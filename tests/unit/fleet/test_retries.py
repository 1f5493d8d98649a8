"""A database that is tried again: one that is busy or away, and one whose worker has died."""

from __future__ import annotations

import signal
from itertools import pairwise

from sst.fleet.budget import Budget
from sst.fleet.outcome import State
from tests.support.scripted_engine import ScriptedEngine, targets
from tests.unit.fleet.test_rollout import in_state, made, rolled_out

DEATH = None


def test_database_that_is_away_is_tried_as_often_as_it_may() -> None:
    engine = ScriptedEngine({"t000": [75, 75, 75, 0]})

    rollout = rolled_out(engine, targets(2), attempts=3)

    assert engine.begun.count("t000") == 3
    outcome = rollout.outcomes["t000"]
    assert (outcome.state, outcome.exit_code, outcome.attempts) == (State.FAILED, 75, 3)


def test_database_that_comes_back_is_done() -> None:
    engine = ScriptedEngine({"t000": [75, 75, 0]})

    rollout = rolled_out(engine, targets(2), attempts=3)

    outcome = rollout.outcomes["t000"]
    assert (outcome.state, outcome.exit_code, outcome.attempts) == (State.DONE, 0, 3)


def test_other_failures_are_tried_once() -> None:
    engine = ScriptedEngine({"t000": [1], "t001": [2], "t002": [5], "t003": [6]})

    rollout = rolled_out(engine, targets(4), attempts=3)

    assert len(engine.begun) == 4
    assert len(in_state(rollout, State.FAILED)) == 4


def test_pause_before_the_next_attempt_doubles() -> None:
    engine = ScriptedEngine({"t000": [75, 75, 0]})

    rolled_out(engine, targets(1), attempts=3, again_after_seconds=0.03)

    first, second = (later - earlier for earlier, later in pairwise(engine.times["t000"]))
    assert first >= 0.03
    assert second >= 0.06


def test_others_go_on_while_one_waits_for_its_next_attempt() -> None:
    engine = ScriptedEngine({"t000": [75, 0]}, most=1)

    rolled_out(engine, targets(9), attempts=3, again_after_seconds=0.2)

    assert engine.begun[1] == "t001"
    assert engine.begun.count("t000") == 2


def test_database_of_a_dead_worker_is_tried_again() -> None:
    engine = ScriptedEngine({"t000": [DEATH] * 5 + [0]})

    rollout = rolled_out(engine, targets(1))

    assert len(engine.begun) == 6
    assert rollout.outcomes["t000"].state is State.DONE


def test_database_whose_workers_die_each_time_is_lost() -> None:
    engine = ScriptedEngine({"t000": [DEATH] * 9})

    rollout = rolled_out(engine, targets(3))

    outcome = rollout.outcomes["t000"]
    assert engine.begun.count("t000") == 6
    assert (outcome.state, outcome.exit_code) == (State.LOST, None)
    assert in_state(rollout, State.DONE) == ["t001", "t002"]


def test_lost_database_counts_as_a_failure() -> None:
    engine = ScriptedEngine({"t000": [DEATH] * 6}, most=1)

    rollout = rolled_out(engine, targets(30), budget=Budget(), per_server=1)

    assert rollout.stop is not None
    assert in_state(rollout, State.LOST) == ["t000"]


def test_deaths_and_busy_databases_are_counted_apart() -> None:
    engine = ScriptedEngine({"t000": [75, DEATH, 75, DEATH, DEATH, 0]})

    rollout = rolled_out(engine, targets(1), attempts=3)

    assert rollout.outcomes["t000"].state is State.DONE


def test_workers_that_all_die_stop_the_rollout() -> None:
    chosen = targets(100)
    engine = ScriptedEngine({each.name: [DEATH] * 9 for each in chosen})

    rollout = rolled_out(engine, chosen)

    assert 20 <= len(engine.begun) < 30
    assert rollout.stop is not None
    assert rollout.stop.why == "20 processes died one after the other"
    assert {each.state for each in rollout.outcomes.values()} == {State.LOST, State.SKIPPED}


def test_deaths_with_answers_between_them_stop_nothing() -> None:
    chosen = targets(100)
    engine = ScriptedEngine({each.name: [DEATH] for each in chosen[::2]})

    rollout = rolled_out(engine, chosen)

    assert rollout.stop is None
    assert len(in_state(rollout, State.DONE)) == 100


def test_stop_says_of_one_that_waits_for_its_next_attempt_how_the_last_ended() -> None:
    """It was begun: who is told otherwise looks for no lock, and no half of a run."""
    engine = ScriptedEngine({"t000": [75], "t001": [DEATH], "t002": [1]}, most=1)

    rollout = rolled_out(engine, targets(5), attempts=3, again_after_seconds=60, budget=Budget())

    states = {name: each.state for name, each in rollout.outcomes.items()}
    assert (states["t000"], states["t001"]) == (State.FAILED, State.LOST)
    assert rollout.outcomes["t000"].exit_code == 75


def test_nothing_is_tried_again_after_a_signal() -> None:
    engine = ScriptedEngine({"t000": [75], "t001": [DEATH]}, most=2)
    rollout = made(engine, targets(3), attempts=3)
    engine.meanwhile = lambda: rollout.interrupt(signal.SIGTERM)

    rollout.run()

    assert engine.begun == ["t000", "t001"]
    states = [each.state for each in rollout.outcomes.values()]
    assert states == [State.FAILED, State.LOST, State.SKIPPED]
