"""The processes of this machine: what is told to them, what they answer, and how they die."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sst.config.sources.target import Target
from sst.fleet import worker_process
from sst.fleet.outcome import unpacked
from sst.fleet.processes import Processes
from sst.hooks.contract.fleet.jobs import Answer, Job, Work
from tests.support.forks import wait_until
from tests.support.scripted_engine import WORK, targets

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, TWO = targets(2)
LOOK = Work(("upgrade",), is_look=True)
SECRET = "canary-of-a-pipe"
SEEN_BY_OTHERS = ("cmdline", "environ")


@pytest.fixture
def opened() -> Iterator[list[Processes]]:
    """Yield a list of engines, which are closed at the end."""
    found: list[Processes] = []
    yield found
    for engine in found:
        engine.close()


def engine_of(entry: str, most: int = 2, **greeting: Any) -> Processes:
    """Return an engine whose processes run *entry* of the tests."""
    return Processes(most, f"tests.support.worker_entries:{entry}", greeting, quiet=False)


def answers_of(engine: Processes, count: int) -> list[Answer]:
    """Return the next answers, as soon as there are so many."""
    found: list[Answer] = []

    def are_there() -> bool:
        found.extend(engine.answers(0.2))
        return len(found) >= count

    wait_until(are_there, "an answer")
    return found


def answer_of(engine: Processes) -> Answer:
    """Return the next answer, as soon as it is there."""
    [answer] = answers_of(engine, 1)
    return answer


def process_of(engine: Processes) -> int:
    """Return the number of the first process."""
    return engine._workers[0]._process.pid


def is_there(pid: int) -> bool:
    """Say whether a process of this number, a child of ours, has not been awaited."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_process_is_told_all_of_a_target_by_its_pipe(opened: list[Processes]) -> None:
    engine = engine_of("echo", root="/somewhere")
    opened.append(engine)
    url = f"postgresql://o:{SECRET}@db.example/acme"
    target = Target("acme", url, {"migrate.lock_wait": 3}, {"region": "eu"}, "targets.csv:2")

    engine.begin(Job(target, Work(("upgrade", "head"))))

    heard = unpacked(answer_of(engine).report)
    assert heard["greeting"] == {"root": "/somewhere"}
    assert heard["job"]["words"] == ["upgrade", "head"]
    assert Target(**heard["job"]["target"]) == target
    seen = Path(f"/proc/{process_of(engine)}")
    assert all(SECRET.encode() not in (seen / name).read_bytes() for name in SEEN_BY_OTHERS)


def test_one_process_works_on_many_jobs_and_no_more_than_allowed_are_made(
    opened: list[Processes],
) -> None:
    engine = engine_of("echo", most=2)
    opened.append(engine)

    for _ in range(5):
        assert engine.free == 2
        engine.begin(Job(ONE, WORK))
        assert engine.free == 1
        answer_of(engine)

    assert len(engine._workers) == 1


def test_settings_that_no_pipe_holds_at_once_arrive(opened: list[Processes]) -> None:
    engine = engine_of("echo")
    opened.append(engine)
    settings = {f"migrate.setting_{number}": "x" * 100 for number in range(5_000)}

    engine.begin(Job(Target("acme", ONE.url, settings), WORK))

    assert unpacked(answer_of(engine).report)["job"]["target"]["settings"] == settings


def test_answer_in_pieces_is_one_answer(opened: list[Processes]) -> None:
    engine = engine_of("in_pieces")
    opened.append(engine)

    engine.begin(Job(ONE, WORK))

    assert unpacked(answer_of(engine).report) == {"text": "x" * 200_000}


@pytest.mark.parametrize("entry", ["dies_in_its_answer", "leaves_a_child"])
def test_death_at_work_is_an_answer_without_an_exit_code(
    opened: list[Processes], entry: str
) -> None:
    engine = engine_of(entry)
    opened.append(engine)
    engine.begin(Job(ONE, WORK))
    group = process_of(engine)

    answer = answer_of(engine)

    assert (answer.job.target, answer.exit_code) == (ONE, None)
    assert engine.free == 2
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def test_death_between_two_jobs_costs_no_answer(opened: list[Processes]) -> None:
    engine = engine_of("dies_behind_its_answer", most=1)
    opened.append(engine)

    for target in (ONE, TWO):
        engine.begin(Job(target, WORK))
        assert answer_of(engine).exit_code == 0
        wait_until(lambda: not engine.answers(0.05) and not engine._workers, "it is gone")


def test_job_for_a_process_that_has_died_meanwhile_is_a_death(opened: list[Processes]) -> None:
    engine = engine_of("dies_behind_its_answer", most=1)
    opened.append(engine)
    engine.begin(Job(ONE, WORK))
    answer_of(engine)
    wait_until(lambda: engine._workers[0].has_ended, "it is gone")

    engine.begin(Job(TWO, WORK))

    assert (answer_of(engine).exit_code, engine.free) == (None, 1)


def test_signal_before_a_process_is_ready_does_not_end_it(opened: list[Processes]) -> None:
    engine = engine_of("says_its_signal")
    opened.append(engine)
    engine.begin(Job(ONE, WORK))

    engine.interrupt(signal.SIGTERM)

    assert answer_of(engine).exit_code == 128 + signal.SIGTERM


def test_process_that_is_made_after_a_signal_is_told_of_it(opened: list[Processes]) -> None:
    engine = engine_of("says_its_signal")
    opened.append(engine)
    engine.interrupt(signal.SIGINT)

    engine.begin(Job(ONE, WORK))

    assert answer_of(engine).exit_code == 128 + signal.SIGINT


def test_third_signal_kills(opened: list[Processes]) -> None:
    engine = engine_of("hears_nothing")
    opened.append(engine)
    engine.begin(Job(ONE, WORK))

    for _ in range(3):
        engine.interrupt(signal.SIGINT)

    assert answer_of(engine).exit_code is None


def test_close_kills_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "_END_SECONDS", 0.1)
    with closing(engine_of("hears_nothing")) as engine:
        engine.begin(Job(ONE, WORK))
        pid = process_of(engine)

    assert not is_there(pid)


def test_close_awaits_no_look() -> None:
    with closing(engine_of("hears_nothing")) as engine:
        engine.begin(Job(ONE, LOOK))
        pid, began = process_of(engine), time.monotonic()

    assert not is_there(pid)
    assert time.monotonic() - began < worker_process._END_SECONDS


def test_close_lets_idle_processes_end_by_themselves() -> None:
    with closing(engine_of("echo")) as engine:
        for target in (ONE, TWO):
            engine.begin(Job(target, WORK))
        answers_of(engine, 2)
        ours = [worker._process for worker in engine._workers]

    assert {process.returncode for process in ours} == {0}
