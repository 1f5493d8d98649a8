"""Signals while the run has no connection: put off, and nobody is cancelled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from sst.migrator.session.signals import Interrupt, Interrupts

_SWALLOWS = """
def run(wait):
    while True:
        try:
            wait()
        except BaseException:
            pass
"""
_LONG_ENOUGH_SECONDS = 0.3
"""The thread that cancels is woken by the signal itself."""


def test_signal_while_detached_cancels_nobody_and_is_raised_afterwards() -> None:
    """The numbers of the server processes may be other people's by then."""
    cancelled, ends = threading.Event(), []

    def go_on_detached() -> None:
        with Interrupts(lambda _: cancelled.set()) as interrupts:
            interrupts.watch(1)
            with interrupts.detached():
                interrupts.watch(2)
                os.kill(os.getpid(), signal.SIGTERM)
                ends.append(cancelled.wait(_LONG_ENOUGH_SECONDS))

    with pytest.raises(Interrupt):
        go_on_detached()

    assert ends == [False]


def test_signal_otherwise_cancels_what_is_watched() -> None:
    cancelled: list[frozenset[int]] = []
    was_cancelled = threading.Event()

    def cancel(pids: frozenset[int]) -> None:
        cancelled.append(pids)
        was_cancelled.set()

    def go_on_shielded() -> None:
        with Interrupts(cancel) as interrupts, interrupts.shielded():
            interrupts.watch(7)
            os.kill(os.getpid(), signal.SIGTERM)
            was_cancelled.wait(10)

    with pytest.raises(Interrupt):
        go_on_shielded()

    assert cancelled[0] == frozenset({7})


def test_cancel_is_asked_again_until_the_block_is_left() -> None:
    """The first cancel can meet a session between two statements, and is lost."""
    asked: list[frozenset[int]] = []
    again = threading.Event()

    def cancel(pids: frozenset[int]) -> None:
        asked.append(pids)
        if len(asked) > 1:
            again.set()

    def go_on_shielded() -> None:
        with Interrupts(cancel) as interrupts, interrupts.shielded():
            interrupts.watch(7)
            os.kill(os.getpid(), signal.SIGTERM)
            assert again.wait(60), "asked only once"

    with pytest.raises(Interrupt):
        go_on_shielded()

    assert asked[:2] == [frozenset({7}), frozenset({7})]


_STUCK = """
import sys
from sst.migrator.session.signals import Interrupts

def say(words):
    print(words, flush=True)

with Interrupts(lambda _: say("cancel"), lambda number: say(number)) as interrupts:
    with interrupts.shielded():
        interrupts.watch(1)
        say("ready")
        while True:
            sys.stdin.readline()
"""


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (signal.SIGINT, signal.SIGTERM, 143),
        (signal.SIGTERM, signal.SIGINT, 130),
        (signal.SIGINT, signal.SIGINT, 130),
    ],
)
def test_second_signal_of_either_kind_ends_the_process_with_last_words(
    first: signal.Signals, second: signal.Signals, code: int
) -> None:
    """Also while the record is written and a signal is put off."""
    with subprocess.Popen(
        [sys.executable, "-c", _STUCK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(first)
        assert process.stdout.readline() == "cancel\n"

        process.send_signal(second)

        said = process.stdout.read().split()

    assert process.returncode == code
    assert said[-1] == str(int(second))


def test_error_that_is_swallowed_is_raised_again_where_that_is_done() -> None:
    """Within the `try` it would be swallowed for ever."""
    code: dict[str, Any] = {}
    exec(compile(_SWALLOWS, "a_revision.py", "exec"), code)  # noqa: S102 - of this test
    is_over, tracer = threading.Event(), sys.gettrace()

    def end(interrupts: Interrupts) -> None:
        interrupts.give_up(GeneratorExit("late"))
        while not is_over.wait(0.05):
            interrupts.insist(lambda file: file == "a_revision.py")

    def go_on() -> None:
        with Interrupts(lambda _: None) as interrupts:
            ending = threading.Thread(target=end, args=[interrupts], daemon=True)
            try:
                # The error may come before the next line.
                ending.start()
                code["run"](lambda: threading.Event().wait(60))
            finally:
                is_over.set()
                ending.join()

    with pytest.raises(GeneratorExit, match="late"):
        go_on()

    assert sys.gettrace() is tracer
