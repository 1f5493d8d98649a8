"""What processes of a fleet run in its tests, in place of ours: some are none to rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from sst.fleet.worker_process import SIGNALS

_LONG_SECONDS = 600


def _answer(**more: Any) -> bytes:
    said = {"exit_code": 0, "seconds": 0.0, "is_unchanged": False, "is_skipped": False}
    return json.dumps({**said, "report": "{}", **more}).encode() + b"\n"


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def echo() -> None:
    """Answer each job with what was read: greeting and job."""
    greeting = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        _write(_answer(report=json.dumps({"greeting": greeting, "job": json.loads(line)})))


def in_pieces() -> None:
    """Answer with many small writes."""
    sys.stdin.readline()
    for _ in sys.stdin:
        answer = _answer(report=json.dumps({"text": "x" * 200_000}))
        _write(answer[:10])
        time.sleep(0.05)
        _write(answer[10:-1])
        time.sleep(0.05)
        _write(answer[-1:])


def dies_in_its_answer() -> None:
    """Begin to answer, and be gone."""
    sys.stdin.readline()
    sys.stdin.readline()
    _write(_answer()[:10])
    os.kill(os.getpid(), signal.SIGKILL)


def dies_behind_its_answer() -> None:
    """Answer one job, and be gone before the next."""
    sys.stdin.readline()
    sys.stdin.readline()
    _write(_answer())
    os.kill(os.getpid(), signal.SIGKILL)


def leaves_a_child() -> None:
    """Be gone in the middle of a job, while a child holds the pipe open."""
    sys.stdin.readline()
    sys.stdin.readline()
    subprocess.Popen(["sleep", "30"], stdout=1, stdin=subprocess.DEVNULL)
    os.kill(os.getpid(), signal.SIGKILL)


def says_its_signal() -> None:
    """Get ready slowly, then answer the job with the signal that has come meanwhile, or comes."""
    got: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda number, _: got.append(number))
    sys.stdin.readline()
    sys.stdin.readline()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    end = time.monotonic() + _LONG_SECONDS
    while not got and time.monotonic() < end:
        time.sleep(0.01)
    _write(_answer(exit_code=128 + got[0]))


def hears_nothing() -> None:
    """Be at work for ever, whatever signal comes."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.readline()
    time.sleep(_LONG_SECONDS)
