"""Many requests share one probe, and a hung probe holds nobody."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field

import pytest

from sst.errors import DatabaseUnreachableError
from sst.web.probing.single_flight import SingleFlight


@dataclass
class Probe:
    """A probe that waits until it is released, and counts its calls and threads."""

    released: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    error: Exception | None = None

    def __call__(self) -> str:
        self.threads.append(threading.current_thread())
        assert self.released.wait(30)
        if self.error is not None:
            raise self.error
        return f"answer {len(self.threads)}"


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def probe() -> Probe:
    """Return a probe that answers at once."""
    made = Probe()
    made.released.set()
    return made


@pytest.fixture
def hung() -> Probe:
    """Return a probe that answers when the test lets it."""
    return Probe()


def flight(probe: Probe, clock: Clock | None = None, *, deadline: float = 30) -> SingleFlight[str]:
    """Return the shared question under test; kept answers last one second."""
    return SingleFlight(
        probe,
        unanswered=lambda reason: f"unanswered: {reason}",
        deadline_seconds=deadline,
        clock=clock or time.monotonic,
    )


def test_concurrent_requests_cause_one_probe(hung: Probe) -> None:
    shared = flight(hung)

    async def ask() -> list[str]:
        requests = [asyncio.create_task(shared.answer()) for _ in range(60)]
        await asyncio.sleep(0)
        hung.released.set()
        return await asyncio.gather(*requests)

    answers = asyncio.run(ask())

    assert answers == ["answer 1"] * 60
    assert len(hung.threads) == 1


def test_answer_is_kept_for_a_second(probe: Probe) -> None:
    clock = Clock()
    shared = flight(probe, clock)

    async def ask() -> list[str]:
        first = await shared.answer()
        clock.now += 0.99
        second = await shared.answer()
        clock.now += 0.02
        return [first, second, await shared.answer()]

    answers = asyncio.run(ask())

    assert answers == ["answer 1", "answer 1", "answer 2"]


def test_answer_is_as_old_as_its_question() -> None:
    """What a slow probe saw at its beginning is not told for a second after its end."""
    clock, asked = Clock(), []

    def slow() -> str:
        asked.append(clock.now)
        clock.now += 0.7
        return f"asked at {asked[-1]:g}"

    shared = SingleFlight(slow, unanswered=str, deadline_seconds=30, clock=clock)

    async def ask() -> list[str]:
        first = await shared.answer()
        clock.now += 0.2
        second = await shared.answer()
        clock.now += 0.1
        return [first, second, await shared.answer()]

    answers = asyncio.run(ask())

    assert answers == ["asked at 100", "asked at 100", "asked at 101"]


def test_hung_probe_is_answered_at_the_deadline(hung: Probe) -> None:
    shared = flight(hung, deadline=0.2)

    started = time.monotonic()
    answer = asyncio.run(shared.answer())
    took = time.monotonic() - started
    hung.released.set()

    assert answer == "unanswered: no answer within 0.2 s"
    assert took < 30


def test_requests_behind_a_hung_probe_do_not_wait_and_start_no_thread(hung: Probe) -> None:
    clock = Clock()
    shared = flight(hung, clock, deadline=0.2)

    async def ask() -> list[str]:
        first = await shared.answer()
        clock.now += 3600
        # Were each to wait for a deadline of its own, this would take minutes.
        return [first, *[await shared.answer() for _ in range(600)]]

    answers = asyncio.run(ask())
    hung.released.set()

    assert set(answers) == {"unanswered: no answer within 0.2 s"}
    assert len(hung.threads) == 1


def test_answer_that_came_late_is_the_next_one(hung: Probe) -> None:
    shared = flight(hung, Clock(), deadline=0.1)

    async def ask() -> list[str]:
        late = await shared.answer()
        hung.released.set()
        await asyncio.to_thread(hung.threads[0].join, 30)
        await asyncio.sleep(0)
        return [late, await shared.answer()]

    answers = asyncio.run(ask())

    assert answers == ["unanswered: no answer within 0.1 s", "answer 1"]


def test_probe_runs_in_a_daemon_thread_outside_the_pool(probe: Probe) -> None:
    """A pool's thread is waited for at exit: a hung database would keep the process alive."""
    asyncio.run(flight(probe).answer())

    thread = probe.threads[0]
    assert thread.daemon
    assert thread.name == "probe"


def test_cancelled_request_leaves_the_probe_to_the_others(hung: Probe) -> None:
    shared = flight(hung)

    async def ask() -> str:
        gone = asyncio.create_task(shared.answer())
        waiting = asyncio.create_task(shared.answer())
        await asyncio.sleep(0)
        gone.cancel()
        hung.released.set()
        return await waiting

    answer = asyncio.run(ask())

    assert answer == "answer 1"


def test_expected_error_is_told_in_its_words(probe: Probe) -> None:
    probe.error = DatabaseUnreachableError(what="Cannot connect.", why="refused")

    answer = asyncio.run(flight(probe).answer())

    assert answer == "unanswered: Cannot connect. refused"


def test_unexpected_error_is_told_by_its_class_only(
    probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    """Its text may hold anything, a connection string included."""
    probe.error = RuntimeError("canary-text")

    answer = asyncio.run(flight(probe).answer())

    assert answer == "unanswered: RuntimeError; the log has the details"
    assert "a probe raised" in caplog.messages


def test_answer_after_the_loop_has_closed_is_dropped(hung: Probe) -> None:
    """The application stops while a probe hangs: the thread must end without noise."""
    shared = flight(hung, deadline=0.05)
    asyncio.run(shared.answer())

    hung.released.set()
    hung.threads[0].join(30)

    assert not hung.threads[0].is_alive()
