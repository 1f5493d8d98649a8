"""Work in a thread: its result, its errors, its deadline, and a signal meanwhile."""

from __future__ import annotations

import contextvars
import os
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

from sst.hooks import NoAnswerError, ThreadedWork, within

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_SECONDS = 30.0
_CALLER = contextvars.ContextVar("caller", default="nobody")


class Stop(BaseException):
    """What a signal's handler raises."""


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return what hanging work waits for; set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def _stopped_by_sigusr1() -> Iterator[None]:
    def stop(_number: int, _frame: object) -> NoReturn:
        raise Stop

    before = signal.signal(signal.SIGUSR1, stop)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_result_is_returned() -> None:
    assert within(LONG_SECONDS, lambda: 42) == 42


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("mine"), SystemExit(3)])
def test_error_is_raised_as_it_was(error: BaseException) -> None:
    def work() -> NoReturn:
        raise error

    with pytest.raises(type(error)) as caught:
        within(LONG_SECONDS, work)

    assert caught.value is error


def test_deadline_is_an_error_of_its_own(release: threading.Event) -> None:
    with pytest.raises(NoAnswerError, match=r"^no answer within 0\.05 s$"):
        within(0.05, release.wait)


def test_no_time_at_all_is_a_deadline(release: threading.Event) -> None:
    with pytest.raises(NoAnswerError):
        within(-1, release.wait)


def test_work_runs_in_a_daemon_thread_of_its_name() -> None:
    thread = within(LONG_SECONDS, threading.current_thread, name="asks-redis")

    assert thread.daemon
    assert thread.name == "asks-redis"


def test_work_has_the_context_of_the_caller() -> None:
    token = _CALLER.set("plugin x")
    try:
        assert within(LONG_SECONDS, _CALLER.get) == "plugin x"
    finally:
        _CALLER.reset(token)


def test_late_work_goes_on_and_can_still_be_awaited(release: threading.Event) -> None:
    work = ThreadedWork(lambda: release.wait(LONG_SECONDS) and "late").start()
    assert isinstance(work.failure(0.05), NoAnswerError)
    assert not work.is_over

    release.set()

    assert work.result(LONG_SECONDS) == "late"
    assert work.is_over


@pytest.mark.usefixtures("_stopped_by_sigusr1")
def test_signal_ends_the_waiting_and_not_the_work(release: threading.Event) -> None:
    """With `Thread.join` the thread looked ended, without a result."""

    def work() -> str:
        os.kill(os.getpid(), signal.SIGUSR1)
        release.wait(LONG_SECONDS)
        return "done"

    begun = ThreadedWork(work)
    with pytest.raises(Stop):
        begun.start().result(LONG_SECONDS)

    assert not begun.is_over
    release.set()
    assert begun.result(LONG_SECONDS) == "done"


def test_failure_of_the_work_is_told_from_a_signal() -> None:
    def work() -> NoReturn:
        raise KeyboardInterrupt

    failure = ThreadedWork(work).start().failure(LONG_SECONDS)

    assert isinstance(failure, KeyboardInterrupt)
