"""Running a client program: no shell, no terminal, a deadline, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GRACE_SECONDS = 5.0


class ToolFailedError(Exception):
    """A client program could not be started, failed, or took too long; says so in one line."""


class Deadline:
    """A span of *seconds* that several programs share, starting now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left; never less than zero."""
        return max(0.0, self._end - time.monotonic())


def call(arguments: Sequence[str], environment: Mapping[str, str], deadline: Deadline) -> str:
    """Run the program *arguments*[0] and return what it printed to stdout.

    It runs in a session of its own, so that it cannot ask a terminal for a password, and so that
    its whole family can be ended when time is up or when this run is interrupted.

    Raises `ToolFailedError` when it cannot be started, exits with another code than 0, or is not
    done at the *deadline*.
    """
    try:
        return _communicate(arguments, environment, deadline)
    except OSError as error:
        raise ToolFailedError(f"{arguments[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        name = Path(arguments[0]).name
        raise ToolFailedError(f"{name} was not done after {deadline.seconds:g} s") from None


def _communicate(
    arguments: Sequence[str], environment: Mapping[str, str], deadline: Deadline
) -> str:
    with subprocess.Popen(
        arguments,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, complaint = process.communicate(timeout=deadline.left)
        except BaseException:
            # A signal handler may raise here; a dump that outlives its run keeps its table locks.
            _end(process)
            raise
    if process.returncode != 0:
        raise ToolFailedError(_reason(arguments[0], process.returncode, complaint))
    return output


def _end(process: subprocess.Popen[str]) -> None:
    """End the whole group: SIGTERM first, because pg_dump then stops its own workers."""
    try:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    finally:
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _reason(program: str, code: int, complaint: str) -> str:
    """Return the one line that tells most: the last error, else the last line, else the code."""
    name = Path(program).name
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    if errors or lines:
        return (errors or lines)[-1]
    if code < 0:
        return f"{name} was ended by {signal.Signals(-code).name}"
    return f"{name} failed with exit code {code}"
