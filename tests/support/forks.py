"""Runs migrate.py in a forked process: real signals and exit codes, without paying the imports.

A fork server imports the libraries once; each run is a fork of it with its own folder, environment
and files for stdout and stderr.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess
    from pathlib import Path

_PRELOADED = [
    "alembic.command",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "app.runtime",
    "app.cli",
]


@dataclass(frozen=True)
class Finished:
    """What a run printed and how it ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr


class Running:
    """A run that has been started; `finish` awaits its end."""

    def __init__(self, process: BaseProcess, folder: Path) -> None:
        self._process = process
        self._folder = folder

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.exitcode is not None

    def signal(self, number: signal.Signals) -> None:
        """Send *number* to the process."""
        os.kill(self.pid, number)

    def finish(self, timeout_seconds: float = 60.0) -> Finished:
        """Await the end and return what was printed; a run that hangs is killed and fails."""
        self._process.join(timeout_seconds)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            message = f"the run did not end within {timeout_seconds} s\n{self.printed()}"
            raise AssertionError(message)
        return Finished(self._process.exitcode, self._read("stdout"), self._read("stderr"))

    def printed(self) -> str:
        """Return what has been printed so far."""
        return self._read("stdout") + self._read("stderr")

    def _read(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8", errors="replace")


def start(
    arguments: Sequence[str], root: Path, environment: Mapping[str, str], folder: Path
) -> Running:
    """Start `migrate.py ARGUMENTS` on the project in *root*; its output goes to *folder*."""
    folder.mkdir(parents=True)
    (folder / "stdout").touch()
    (folder / "stderr").touch()
    process = _server().Process(
        target=_child, args=(list(arguments), root, dict(environment), folder)
    )
    process.start()
    return Running(process, folder)


def wait_until(condition: Callable[[], object], what: str, timeout_seconds: float = 30.0) -> None:
    """Await *condition* (called again and again); fail with *what* when it never comes true."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"never happened: {what}"
            raise AssertionError(message)
        time.sleep(0.02)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _child(arguments: list[str], root: Path, environment: dict[str, str], folder: Path) -> None:
    _redirect(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(root)
    # The fork server runs with SIGINT ignored; a shell starts a command with the default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from app.cli import main

    code = main(arguments, root)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _redirect(folder: Path) -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(folder / name, os.O_WRONLY | os.O_APPEND)
        os.dup2(target, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
