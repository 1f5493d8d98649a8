"""One process that works on databases, one after the other; it is told which by a pipe.

A URL goes through the pipe alone: arguments and variables can be read by others.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sst.hooks.contract.fleet.jobs import Answer, packed_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sst.config.sources.target import Target
    from sst.hooks.contract.fleet.jobs import Job, Work

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Those that a process of the fleet ends in order at."""
_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {0} import {1}; {1}()"
_CHUNK_BYTES = 1 << 16
_END_SECONDS = 10.0


class WorkerProcess:
    """A process that runs *entry*, `module:function`, and has read *greeting* before its work.

    Its own session keeps a Ctrl-C of the terminal from it: it gets what `signal` sends, and not
    before it lets signals through, when it is ready for them. A *quiet* one writes nothing on
    stderr, where live lines are drawn.
    """

    def __init__(self, entry: str, greeting: Mapping[str, Any], *, quiet: bool) -> None:
        with _signals_held():
            self._process = _started(entry, quiet=quiet)
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        assert self._stdin is not None  # noqa: S101 - they are pipes
        assert self._stdout is not None  # noqa: S101
        os.set_blocking(self._stdout.fileno(), False)
        self._read = bytearray()
        self._began = 0.0
        self.job: Job | None = None
        """What it is at; None while it waits."""
        self.is_told = False
        """Whether it was sent a signal."""
        self._send(greeting)

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def fileno(self) -> int:
        """Return what becomes readable when it has an answer, or is dead."""
        assert self._stdout is not None  # noqa: S101
        return self._stdout.fileno()

    def begin(self, job: Job) -> None:
        """Let it work on *job*."""
        self.job, self._began = job, time.monotonic()
        self._send({"target": _spelled(job.target), **_spelled_work(job.work)})

    def take(self) -> tuple[Answer | None, bool]:
        """Return its answer, if there is one, and whether it lives."""
        # Asked before: what it has written is all there when it is gone.
        has_ended = self.has_ended
        while chunk := self._chunk():
            self._read += chunk
        line, newline, rest = self._read.partition(b"\n")
        if newline and self.job:
            self._read = rest
            job, self.job = self.job, None
            return _answer(job, json.loads(line)), True
        if chunk is None and not has_ended:
            return None, True
        return self._death(), False

    def _death(self) -> Answer | None:
        job, self.job = self.job, None
        return Answer(job, None, time.monotonic() - self._began) if job else None

    def signal(self, signal_number: int) -> None:
        """Send it a signal."""
        self.is_told = True
        with suppress(ProcessLookupError):
            self._process.send_signal(signal_number)

    def kill(self) -> None:
        """End it, whatever it is at."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def end(self) -> None:
        """Let it end: there are no more jobs, and a look that it is at is broken off."""
        with suppress(OSError):
            self._stdin.close()  # type: ignore[union-attr] # it is a pipe
        if self.job and self.job.work.is_look:
            self.kill()
        elif self.job:
            self.signal(signal.SIGTERM)

    def close(self) -> None:
        """See that it has ended, or is given up; `end` was called before."""
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        # Not before: what it answers at the last has a reader.
        self._stdout.close()  # type: ignore[union-attr] # it is a pipe

    def _chunk(self) -> bytes | None:
        """Return what it has written; nothing at its end, None when there is no more just now."""
        assert self._stdout is not None  # noqa: S101
        return self._stdout.read(_CHUNK_BYTES)

    def _send(self, message: Mapping[str, Any]) -> None:
        # One that has died meanwhile is seen where its answers are read.
        left = memoryview(json.dumps(message).encode() + b"\n")
        with suppress(BrokenPipeError):
            while left:
                left = left[self._stdin.write(left) :]  # type: ignore[union-attr] # it is a pipe


def _started(entry: str, *, quiet: bool) -> subprocess.Popen[bytes]:
    module, _, function = entry.partition(":")
    return subprocess.Popen(
        [sys.executable, "-c", _CODE.format(module, function), json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        start_new_session=True,
        bufsize=0,
    )


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let no signal of `SIGNALS` reach a process that is started in the body, until it asks.

    One that comes before its handlers are there would end it, and with it a job that it has.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _spelled(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "url": target.url,
        "settings": target.settings,
        "labels": target.labels,
        "schema": target.schema,
        "source": target.source,
    }


def _spelled_work(work: Work) -> dict[str, Any]:
    return {"words": [*work.words], "is_look": work.is_look, "heads": [*work.heads]}


def _answer(job: Job, said: Mapping[str, Any]) -> Answer:
    return Answer(
        job,
        said["exit_code"],
        said["seconds"],
        is_unchanged=said["is_unchanged"],
        is_skipped=said["is_skipped"],
        report=packed_report(said["report"]),
    )
