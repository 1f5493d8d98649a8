"""Run migrate.py in a forked process: real signals and exit codes, without paying the imports.

A fork server imports the libraries once; each command is a fork of it with its own folder,
environment and files for stdout and stderr. What a command does to its process is gone with it.
"""

from __future__ import annotations

import atexit
import json
import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from sst.testing.leaks import ProcessState
from sst.testing.project.outcome import Outcome
from sst.testing.project.recording import read_record, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess
    from pathlib import Path

# Of what a command costs, four fifths are imports.
_PRELOADED = [
    "alembic.command",
    "dynaconf.loaders.toml_loader",
    "psycopg2.extras",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sst.runtime",
    "sst.testing.project.recording",
    "sst.testing.project.imported",
]
_OUTPUT, _ERRORS, _RECORD, _LEAKS = "stdout", "stderr", "record", "leaks"


class Running:
    """A command that has been started; `finish` awaits its end."""

    def __init__(self, process: BaseProcess, folder: Path) -> None:
        self._process = process
        self._folder = folder

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid or 0

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.exitcode is not None

    def signal(self, number: signal.Signals) -> None:
        """Send *number* to the process."""
        os.kill(self.pid, number)

    def finish(self, timeout_seconds: float = 120.0) -> Outcome:
        """Await the end and return what was done; a command that hangs is killed and fails."""
        self._process.join(timeout_seconds)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            message = f"the command did not end within {timeout_seconds} s\n{self.printed()}"
            raise AssertionError(message)
        done = read_record(self._folder / _RECORD)
        return Outcome(
            exit_code=self._process.exitcode,
            stdout=self._read(_OUTPUT),
            stderr=self._read(_ERRORS),
            calls=done.calls,
            events=done.events,
            leaks=(*done.leaks, *json.loads(self._read(_LEAKS) or "[]")),
        )

    def printed(self) -> str:
        """Return what has been printed so far."""
        return self._read(_OUTPUT) + self._read(_ERRORS)

    def _read(self, name: str) -> str:
        file = self._folder / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def start(
    arguments: Sequence[str], root: Path, environment: Mapping[str, str], folder: Path
) -> Running:
    """Start `migrate.py ARGUMENTS` on the project in *root*; its output goes to *folder*."""
    folder.mkdir(parents=True)
    (folder / _OUTPUT).touch()
    (folder / _ERRORS).touch()
    process = fork_server().Process(
        target=_child, args=(list(arguments), root, dict(environment), folder)
    )
    process.start()
    return Running(process, folder)


@cache
def fork_server() -> ForkServerContext:
    """Return what starts the processes; it begins with the first one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def redirect(folder: Path) -> None:
    """Send this process's stdout and stderr to files in *folder*; its stdin is empty."""
    for number, name in ((1, _OUTPUT), (2, _ERRORS)):
        target = os.open(folder / name, os.O_WRONLY | os.O_APPEND)
        os.dup2(target, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115


def _child(arguments: list[str], root: Path, environment: dict[str, str], folder: Path) -> None:
    redirect(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(root)
    # The fork server runs with SIGINT ignored; a shell starts a command with the default.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from sst.cli import main

    record(folder / _RECORD)
    before = ProcessState.now()
    code = main(arguments, root)
    with suppress(OSError):
        (folder / _LEAKS).write_text(json.dumps(before.leaks()), encoding="utf-8")
    atexit._run_exitfuncs()  # noqa: SLF001 - a fork of a server ends without them
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
