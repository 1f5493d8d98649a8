"""The application in a process of its own, served by uvicorn as in production.

A test's project is served by a fork of the fork server, which spares it the imports; the
repository's own `app.main:app` by a new process, as an operator starts it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sst.web import create_app
from sst.web.probing import probes
from tests.support import forks
from tests.support.web import bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fastapi import FastAPI

    from tests.support.project import Project

REPOSITORY = Path(__file__).parent.parent.parent
TOKEN = "canary-operations-token"
PASSWORD = "canary-p4ssw0rd"
PROMPT = {"SERVED_READY_SECONDS": str(probes.READY_SECONDS)}
"""For `serve_project`: readiness gives up as soon as in production.

It has half a minute otherwise: how fast a busy machine answers is no test's claim.
"""
_READY_VARIABLE = next(iter(PROMPT))
_ROOT_VARIABLE = "SERVED_PROJECT"
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")


def create_served_app() -> FastAPI:
    """Return the application of the project that the environment names; for uvicorn."""
    probes.READY_SECONDS = float(os.environ.pop(_READY_VARIABLE, 30.0))
    return create_app(root=Path(os.environ[_ROOT_VARIABLE]))


@dataclass(frozen=True)
class Timed:
    """An answer and how long it took."""

    response: httpx.Response
    seconds: float


@dataclass
class Served:
    """A running application."""

    pid: int
    wait: Callable[[float], int | None]
    """Await the end for at most so many seconds; return the exit code."""
    folder: Path
    _client: httpx.Client

    @property
    def url(self) -> str:
        """The address, for a client of another kind."""
        return str(self._client.base_url)

    def get(self, path: str, *, token: str | None = None) -> httpx.Response:
        """Return the answer to one request."""
        return self.timed(path, token=token).response

    def timed(self, path: str, *, token: str | None = None) -> Timed:
        """Return the answer to one request and its time."""
        started = time.monotonic()
        response = self._client.get(path, headers=bearer(token))
        return Timed(response, time.monotonic() - started)

    def get_all(self, paths: Sequence[str]) -> list[Timed]:
        """Return the answers to requests that are all under way at once."""
        with ThreadPoolExecutor(len(paths)) as pool:
            return list(pool.map(self.timed, paths))

    def stop(self) -> int | None:
        """Ask the process to end, as an orchestrator does, and return its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait(20)

    def printed(self) -> str:
        """Return everything that it has printed."""
        files = [self.folder / name for name in ("output", "stdout", "stderr")]
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def details(served: Served, path: str) -> dict[str, dict[str, str]]:
    """Return the first entry of every check that *path* shows to an operator."""
    found = served.get(path, token=TOKEN).json()["checks"]
    return {name: entries[0] for name, entries in found.items()}


@contextmanager
def serve_project(project: Project, *words: str, **environment: str) -> Iterator[Served]:
    """Serve *project*'s application; *words* are further arguments of uvicorn."""
    variables = {
        **_kept_variables(),
        **project.environment,
        "DATABASE_URL": project.database_url,
        _ROOT_VARIABLE: str(project.root),
        **environment,
    }
    arguments = ["--factory", "tests.support.served:create_served_app", *words]
    folder = _output_folder(project.root)
    with _listening() as (listener, url):
        process = forks.fork_server().Process(
            target=_child, args=(listener, arguments, variables, folder)
        )
        process.start()

    def wait(seconds: float) -> int | None:
        process.join(seconds)
        return process.exitcode

    try:
        with _client(url) as client:
            yield Served(process.pid or 0, wait, folder, client)
    finally:
        process.kill()
        process.join()


@contextmanager
def serve_repository(environment: Mapping[str, str], parent: Path) -> Iterator[Served]:
    """Run `uvicorn app.main:app` in this repository; what it prints goes below *parent*."""
    folder = _output_folder(parent)
    with _listening() as (listener, url), (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "app.main:app", "--fd", str(listener.fileno())],
            cwd=REPOSITORY,
            env={**_kept_variables(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )
    try:
        with _client(url) as client:
            yield Served(process.pid, process.wait, folder, client)
    finally:
        process.kill()
        process.wait()


@contextmanager
def _listening() -> Iterator[tuple[socket.socket, str]]:
    """Yield a listening socket and its address, for a process to inherit.

    It listens before the process starts, so that a request waits for it: nobody polls, and no
    port is guessed. It is closed here, so that a process that dies refuses its clients.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def _child(
    listener: socket.socket, arguments: list[str], environment: dict[str, str], folder: Path
) -> None:
    forks.redirect(folder)
    os.environ.clear()
    os.environ.update(environment)
    import uvicorn

    command = ["--fd", str(listener.fileno()), *arguments]
    try:
        uvicorn.main(command, standalone_mode=False)
    except SystemExit as error:
        os._exit(error.code if isinstance(error.code, int) else 1)
    os._exit(0)


def _output_folder(parent: Path) -> Path:
    folder = parent / "served"
    folder.mkdir(parents=True)
    for name in ("output", "stdout", "stderr"):
        (folder / name).touch()
    return folder


def _client(url: str) -> httpx.Client:
    # A client of its own for each request would spend more time than the server.
    return httpx.Client(base_url=url, timeout=60)


def _kept_variables() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
