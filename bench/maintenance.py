"""What the plugin `maintenance` costs each request: without it, with it, and while the flag is up.

Two servers at a time, as uvicorn serves them, get the same load of small requests in many short
turns, first one and then the other, then the other way round. The ratio of the requests per second
is the median of those of the pairs; that of the processor time which a server spends on a request
is of all its requests, and a busy machine changes it less.

    python -m bench.maintenance [--turns N] [--seconds N]

The flag is in Redis where REDIS_URL is set, else in the database: that of DATABASE_URL, else of an
embedded server that is started for this.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from plugins.maintenance.in_database import DatabaseFlag
from plugins.maintenance.in_redis import RedisFlag
from sst.db.url import DatabaseUrl
from tests.support.project import Project
from tests.support.server import embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugins.maintenance.flag import Flag

ROOT = Path(__file__).parent.parent
CONNECTIONS = 8
REQUEST = b"GET /version HTTP/1.1\r\nHost: bench\r\n\r\n"


@dataclass
class Server:
    """One server under load, and what was measured of it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    status: bytes
    rates: list[float] = field(default_factory=list)
    nanoseconds: int = 0
    requests: int = 0

    def measure(self, seconds: float) -> None:
        """Put it under load for *seconds*."""
        used, started = self._cpu_nanoseconds(), time.perf_counter()
        count = asyncio.run(_load(self.port, seconds, self.status))
        self.rates.append(count / (time.perf_counter() - started))
        self.nanoseconds += self._cpu_nanoseconds() - used
        self.requests += count

    @property
    def microseconds(self) -> float:
        """The processor time of one request."""
        return self.nanoseconds / self.requests / 1000

    def _cpu_nanoseconds(self) -> int:
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads)


async def _load(port: int, seconds: float, status: bytes) -> int:
    end = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(_client(port, end, status) for _ in range(CONNECTIONS))))


async def _client(port: int, end: float, status: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    while time.perf_counter() < end:
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 " + status):
            raise SystemExit(f"port {port} answered {head.splitlines()[0]!r}, not {status!r}")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        count += 1
    writer.close()
    return count


@contextlib.contextmanager
def serving(project: Project, name: str, port: int, status: bytes) -> Iterator[Server]:
    """Serve *project* until the block is left; it answers *status* when this yields."""
    variables = {"PATH": os.environ["PATH"], "DATABASE_URL": project.database_url}
    variables |= {"SERVED_PROJECT": str(project.root), **project.environment}
    words = ["--factory", "tests.support.served:create_served_app", "--port", str(port)]
    command = [sys.executable, "-m", "uvicorn", *words, "--no-access-log"]
    with subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL) as process:
        try:
            _await_status(port, status)
            yield Server(name, port, process, status)
        finally:
            process.kill()


def _await_status(port: int, status: bytes) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            asyncio.run(_load(port, 0.01, status))
        except (OSError, SystemExit):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Yield the URL of a database; nothing is changed in it."""
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with embedded_server() as server:
        yield server.url


def _project(folder: Path, url: str, key: str, *plugins: str) -> Project:
    project = Project.create(folder, url)
    project.enable(*plugins)
    if plugins:
        project.environment["PLUGINS__MAINTENANCE__REDIS_KEY"] = key
    if "REDIS_URL" in os.environ:
        project.environment["REDIS_URL"] = os.environ["REDIS_URL"]
    return project


def _flag(url: str, key: str) -> Flag:
    redis = os.environ.get("REDIS_URL")
    if redis:
        return RedisFlag(SecretStr(redis), key, 3600)
    return DatabaseFlag(DatabaseUrl(url), "bench", 3600)


def compare(base: Server, other: Server, turns: int, seconds: float) -> None:
    """Measure both in turns and print the ratios."""
    for turn in range(turns):
        for server in (base, other) if turn % 2 else (other, base):
            server.measure(seconds)
    pairs = zip(base.rates[-turns:], other.rates, strict=True)
    rates = statistics.median(one / plain for plain, one in pairs)
    costs = other.microseconds / base.microseconds
    print(
        f"{other.name}: {rates:.2f} times the requests per second, {costs:.2f} times the "
        f"processor time of a request ({base.microseconds:.0f} and {other.microseconds:.0f} us)",
        flush=True,
    )


def main() -> None:
    """Compare with it and without it, and with the flag up and without it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.25)
    parser.add_argument("--port", type=int, default=18431, help="the first of three")
    given = parser.parse_args()
    key = f"bench:maintenance:{os.getpid()}"
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(database())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plain = _project(folder / "plain", url, key)
        with_it = _project(folder / "with", url, key, "maintenance")
        base = stack.enter_context(serving(plain, "without it", given.port, b"200"))
        with serving(with_it, "with the plugin", given.port + 1, b"200") as other:
            compare(base, other, given.turns, given.seconds)
        flag = _flag(url, key)
        stack.callback(flag.take_down)
        flag.keep_up()
        with serving(with_it, "with the flag up", given.port + 2, b"503") as other:
            compare(base, other, given.turns, given.seconds)


if __name__ == "__main__":
    main()
