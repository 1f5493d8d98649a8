"""Running a client program: no shell, no terminal, a deadline, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sst.hooks import trace_environment, trace_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO

_GRACE_SECONDS = 5.0
_LOOK_SECONDS = 0.2
# `pg_dump: error: ...`; a verbose line may hold the name of a table that is called so.
_ERROR = re.compile(r"\S+: (error|fatal): ")

# A child cannot be prepared before it runs: preexec_fn is not safe beside threads. So a moment
# of Python asks the kernel for SIGTERM when we die, then becomes the program; prctl(2).
_LEASH = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the process that started this is gone")
try:
    os.execv(sys.argv[2], sys.argv[2:])
except OSError as error:
    sys.exit(f"{sys.argv[2]}: error: {error.strerror}")
"""


class ToolFailedError(Exception):
    """A client program could not be started, failed, or took too long; says so in one line.

    *complaint* is all that it printed to stderr.
    """

    def __init__(self, reason: str, complaint: str = "") -> None:
        super().__init__(reason)
        self.complaint = complaint


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
    Its files are for their owner only.

    Raises `ToolFailedError` when it cannot be started, exits with another code than 0, or is not
    done at the *deadline*.
    """
    return _run(arguments[0], arguments, environment, deadline, _ignore)


def work(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    deadline: Deadline,
    look: Callable[[bytes], None] | None = None,
) -> str:
    """Run a program as `call` does, on a leash: it is ended also when this process is killed.

    While it runs *look* is called a few times a second with all that it has printed to stderr;
    what it raises ends the program.
    """
    return _run(arguments[0], _leashed(arguments), environment, deadline, look or _ignore)


@contextlib.contextmanager
def streamed(
    arguments: Sequence[str], environment: Mapping[str, str], deadline: Deadline
) -> Iterator[IO[bytes]]:
    """Give what a program prints to stdout to the body, while it runs as in `work`.

    The body reads to the end. Raises `ToolFailedError` as `call` does, and at the *deadline*.
    """
    with (
        tempfile.TemporaryFile() as complaint,
        subprocess.Popen(
            _leashed(arguments),
            env={**environment, **trace_environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaint,
            start_new_session=True,
            umask=0o077,
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            yield process.stdout
            code = process.wait(max(deadline.left, _LOOK_SECONDS))
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise _late(arguments[0], deadline) from None
            raise
        complaint.seek(0)
        printed = _decoded(complaint.read())
    if code != 0:
        raise ToolFailedError(_reason(arguments[0], code, printed), printed)


def _ignore(_: bytes) -> None:
    """Look at nothing."""


def _leashed(arguments: Sequence[str]) -> Sequence[str]:
    if not (sys.platform == "linux" and sys.executable):
        return arguments
    return [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *arguments]


def _run(
    program: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    deadline: Deadline,
    look: Callable[[bytes], None],
) -> str:
    try:
        with trace_span(Path(program).name):
            code, output, complaint = _communicate(arguments, environment, deadline, look)
    except OSError as error:
        raise ToolFailedError(f"{program}: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise _late(program, deadline) from None
    if code != 0:
        raise ToolFailedError(_reason(program, code, complaint), complaint)
    return output


def _late(program: str, deadline: Deadline) -> ToolFailedError:
    return ToolFailedError(f"{Path(program).name} was not done after {deadline.seconds:g} s")


def _communicate(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    deadline: Deadline,
    look: Callable[[bytes], None],
) -> tuple[int, str, str]:
    with subprocess.Popen(
        arguments,
        env={**environment, **trace_environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        umask=0o077,
    ) as process:
        try:
            output, complaint = _listen(process, deadline, look)
        except BaseException:
            # A signal handler may raise here; a dump that outlives its run keeps its table locks.
            _end(process)
            raise
    return process.returncode, _decoded(output), _decoded(complaint)


def _listen(
    process: subprocess.Popen[bytes], deadline: Deadline, look: Callable[[bytes], None]
) -> tuple[bytes, bytes]:
    while True:
        try:
            return process.communicate(timeout=min(_LOOK_SECONDS, deadline.left))
        except subprocess.TimeoutExpired as waiting:
            look(waiting.stderr or b"")
            if not deadline.left:
                raise


def _decoded(printed: bytes) -> str:
    return printed.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group: SIGTERM first, because pg_dump then stops its own workers."""
    try:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    finally:
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _reason(program: str, code: int, complaint: str) -> str:
    """Return the most useful line: the first error, else how it ended."""
    name = Path(program).name
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    if errors:
        return errors[0]
    if code < 0:
        return f"{name} was ended by {signal.Signals(-code).name}"
    if lines:
        return lines[-1]
    return f"{name} failed with exit code {code}"
