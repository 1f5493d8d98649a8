"""A server of HTTP under load: requests per second, and its processor time for each of them."""

from __future__ import annotations

import contextlib
import selectors
import socket
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.table.rows import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_CONNECTIONS = 8
_START_SECONDS = 60.0
_SILENCE_SECONDS = 10.0


@dataclass
class Served:
    """One server, one path under load that it answers with *status*, and what was measured."""

    port: int
    process: int
    path: str
    status: int = 200
    rates: list[float] = field(default_factory=list)
    """Requests per second, of each turn."""
    costs: list[float] = field(default_factory=list)
    """Microseconds of the server's processor for one request, of each turn."""

    def measure(self, seconds: float) -> None:
        """Put it under load for *seconds*."""
        used, started = self._processor_seconds(), time.perf_counter()
        count = load(self.port, self.path, self.status, seconds)
        self.rates.append(count / (time.perf_counter() - started))
        self.costs.append((self._processor_seconds() - used) / count * 1e6)

    def _processor_seconds(self) -> float:
        # The clock of another process, clock_getcpuclockid(3): with the threads that have ended.
        return time.clock_gettime((~self.process << 3) | 2)


def load(port: int, path: str, status: int, seconds: float) -> int:
    """Send requests for *path* on eight connections for *seconds*; return how many were answered.

    The client is as small as can be: what it costs is missing where server and client share cores.
    Raises `NotMeasuredError` when an answer has not *status*.
    """
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    first = f"HTTP/1.1 {status} ".encode()
    count = 0
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(_CONNECTIONS):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            selector.register(client, selectors.EVENT_READ, client)
            client.sendall(request)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for ready, _ in selector.select(_SILENCE_SECONDS):
                answer = _answer(ready.data)
                if not answer.startswith(first):
                    said = answer.partition(b"\r\n")[0]
                    raise NotMeasuredError(f"{path} was answered {said!r} instead of {status}")
                count += 1
                ready.data.sendall(request)
    return count


def _answer(client: socket.socket) -> bytes:
    """Return one answer, whole."""
    answer = client.recv(65536)
    while not _is_whole(answer):
        more = client.recv(65536)
        if not more:
            return answer
        answer += more
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


@contextlib.contextmanager
def uvicorn(
    python: str, words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[int, int]]:
    """Serve with uvicorn until the block is left; yield the port and the process.

    It accepts connections when this yields, or has ended, or has taken a minute.
    """
    port = _free_port()
    command = [python, "-m", "uvicorn", *words, "--port", str(port), "--no-access-log"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=quiet, stderr=quiet
    ) as process:
        try:
            _await_listening(port, process)
            yield port, process.pid
        finally:
            process.kill()


def _free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


def _await_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
