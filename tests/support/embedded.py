"""Processes that use the embedded PostgreSQL as a command does, to share, end and kill."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugins.embedded_postgres import postmaster
from plugins.embedded_postgres.account import server_account
from plugins.embedded_postgres.place import Place
from plugins.embedded_postgres.sockets import socket_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT_ROOT = Path(__file__).resolve().parents[2]

# Says the URL, then lives until its input ends: a normal end, with all that happens at exit.
_SCRIPT = """
import os, sys
from pathlib import Path
from plugins.embedded_postgres import Config, Plugin, place
if len(sys.argv) > 2:
    place._SYSTEM_FOLDERS = (Path(sys.argv[2]),)
config = Config(directory=Path(sys.argv[1]))
print(Plugin(config).resolve_database_url("embedded", Path.cwd()), flush=True)
if "SST_TEST_FORK" not in os.environ or os.fork() == 0:
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class User:
    """A process that uses a server."""

    process: subprocess.Popen[str]
    url: str

    def end(self) -> str:
        """Let it end normally; return what it has said on stderr."""
        return self.process.communicate(timeout=60)[1]

    def kill(self) -> None:
        """End it at once, as `kill -9` does: nothing of it runs any more."""
        self.process.kill()
        self.process.communicate()


@dataclass(frozen=True, slots=True)
class Users:
    """Starts users of one *directory*; every one of them is ended with the test."""

    directory: Path
    python: str = sys.executable
    root: Path = PROJECT_ROOT
    arguments: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    _started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """The server's cluster, when the directory is where it lies."""
        return self.directory / "data"

    @property
    def server_runs(self) -> bool:
        """Whether a server of this directory is alive."""
        return postmaster.is_alive(self.data)

    def launch(self, **environment: str) -> subprocess.Popen[str]:
        """Start a user and do not wait for it."""
        process = subprocess.Popen(
            [self.python, "-W", "error", "-c", _SCRIPT, str(self.directory), *self.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
            env=_bare_environment() | environment,
            **self.options,
        )
        self._started.append(process)
        return process

    def start(self, **environment: str) -> User:
        """Start a user and return it when it has its server, or has failed."""
        return answer_of(self.launch(**environment))

    def end_all(self) -> None:
        """End all users."""
        for process in self._started:
            if process.stdin and not process.stdin.closed:
                process.communicate(timeout=60)


def answer_of(process: subprocess.Popen[str]) -> User:
    """Wait until *process* has said its URL; fail with what it says instead."""
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, process.communicate()[1]
    return User(process, url)


@contextmanager
def users_of(directory: Path, **options: Any) -> Iterator[Users]:
    """Return what starts users of *directory*; at the end they are ended, their files removed."""
    users = Users(directory, **options)
    try:
        yield users
    finally:
        users.end_all()
        postmaster.stop(users.data)
        shutil.rmtree(socket_folder(Place(directory, server_account())), ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)


def modes_up_to_the_root(folder: Path) -> dict[Path, int]:
    """Return the permissions of *folder* and of all its parents."""
    return {path: path.stat().st_mode for path in (folder, *folder.parents)}


def modes_below(folder: Path) -> dict[Path, int]:
    """Return the permissions of all that lies below *folder*, bytecode caches aside."""
    found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return {path: path.lstat().st_mode for path in found}


def _bare_environment() -> dict[str, str]:
    """Return an environment without XDG_RUNTIME_DIR, as cron and containers have it."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("SST_TEST_PYTHONPATH", "")}
