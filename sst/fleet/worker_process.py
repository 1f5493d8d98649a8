"""One process that works on databases, one after the other; it is told which by a pipe.

A URL goes through the pipe alone: arguments and variables can be read by others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sst.hooks.contract.fleet.jobs import Answer, packed_report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.config.sources.target import Target
    from sst.hooks.contract.fleet.jobs import Job, Work

_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {0} import {1}; {1}()"
_CHUNK_BYTES = 1 << 16
_END_SECONDS = 10.0


class WorkerProcess:
    """A process that runs *entry*, `module:function`, and has read *greeting* before its work.

    Its own session keeps a Ctrl-C of the terminal from it: it gets what `interrupt` sends. A
    *quiet* one writes nothing on stderr, where live lines are drawn.
    """

    def __init__(self, entry: str, greeting: Mapping[str, Any], *, quiet: bool) -> None:
        module, _, function = entry.partition(":")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE.format(module, function), json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            start_new_session=True,
            bufsize=0,
        )
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        assert self._stdin is not None  # noqa: S101 - they are pipes
        assert self._stdout is not None  # noqa: S101
        os.set_blocking(self._stdout.fileno(), False)
        self._read = b""
        self._began = 0.0
        self.job: Job | None = None
        """What it is at; None while it waits."""
        self._send(greeting)

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
        while chunk := self._chunk():
            self._read += chunk
        line, newline, rest = self._read.partition(b"\n")
        if newline and self.job:
            self._read = rest
            job, self.job = self.job, None
            return _answer(job, json.loads(line)), True
        if chunk is None:
            return None, True
        return self._death(), False

    def _death(self) -> Answer | None:
        job, self.job = self.job, None
        return Answer(job, None, time.monotonic() - self._began) if job else None

    def signal(self, signal_number: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal_number)

    def close(self) -> None:
        """Let it end, and see that it has: nothing is at work in it, or it is given up."""
        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr] # they are pipes
        if self.job:
            self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

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


def _spelled(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "url": target.url,
        "settings": target.settings,
        "labels": target.labels,
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
