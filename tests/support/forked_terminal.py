"""The command line on a terminal in a fork: a user's `sst`, without paying the imports."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
from multiprocessing.reduction import DupFd
from typing import TYPE_CHECKING, Any

from tests.support.forks import fork_server
from tests.support.terminal import Terminal, environ_for, words_for

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from tests.support.project import Project


class Fork:
    """A fork, with the words of `subprocess.Popen`."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid or 0

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Await the end and return the exit code."""
        self._process.join(timeout)
        return self._process.exitcode


class ForkedTerminal(Terminal):
    """A terminal whose arguments are those of `sst`, which is forked with its imports done."""

    program = "sst"
    """What the user has typed to get there."""
    is_quiet = False
    """Whether stderr goes nowhere, as with `2>/dev/null`."""

    def _start(
        self,
        words: list[str],
        environ: dict[str, str],
        folder: Path,
        terminal: int,
        stdout: int | None,
    ) -> Fork:
        is_open, opened = multiprocessing.Pipe(duplex=False)
        command = _Command(words, environ, folder, os.ttyname(terminal), stdout)
        command.program, command.is_quiet = self.program, self.is_quiet
        process = fork_server().Process(target=command, args=(opened,))
        process.start()
        opened.close()
        with is_open:
            # Ours is closed after this: one that nobody has open would look like one that ended.
            is_open.recv()
        return Fork(process)


class MigrateTerminal(ForkedTerminal):
    """One whose arguments are those of `migrate.py`."""

    program = "python migrate.py"


class QuietTerminal(ForkedTerminal):
    """One of `sst` that shows what goes to stdout alone."""

    is_quiet = True


def on_terminal(
    project: Project, *words: str, columns: int = 80, lines: int = 24, stdout: int | None = None
) -> Terminal:
    """Start `migrate.py WORDS` for *project* on a terminal."""
    return MigrateTerminal(
        words_for(project, words),
        environ=environ_for(project),
        folder=project.root,
        columns=columns,
        lines=lines,
        stdout=stdout,
    )


class _Command:
    """What the fork does; it is sent there."""

    program: str
    is_quiet: bool

    def __init__(
        self,
        words: list[str],
        environ: dict[str, str],
        folder: Path,
        terminal: str,
        stdout: int | None,
    ) -> None:
        self._words = words
        self._environ = environ
        self._folder = folder
        self._terminal = terminal
        self._stdout = stdout

    def __getstate__(self) -> dict[str, Any]:
        """Return what is sent: a file that is open goes as a copy."""
        stdout = None if self._stdout is None else DupFd(self._stdout)
        return self.__dict__ | {"_stdout": stdout}

    def __call__(self, opened: Connection) -> None:
        self._take_terminal()
        with opened:
            opened.send(True)  # noqa: FBT003 - the message is that there is one
        os.environ.clear()
        os.environ.update(self._environ)
        os.chdir(self._folder)
        sys.argv = [self.program, *self._words]
        # The fork server runs with SIGINT ignored; a shell starts a command with the default.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from sst.door import enter

        try:
            enter(self.program)
        finally:
            atexit._run_exitfuncs()

    def _take_terminal(self) -> None:
        """Make the terminal that of this process, as a shell would: Ctrl-C comes from it."""
        os.setsid()
        names = (self._terminal, self._terminal, os.devnull if self.is_quiet else self._terminal)
        files = [os.open(name, os.O_RDWR) for name in names]
        if self._stdout is not None:
            files[1] = self._stdout.detach()  # type: ignore[attr-defined]
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
