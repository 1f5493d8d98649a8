"""A program on a pseudo terminal: what its user sees, and what he types."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol, Self

import pyte
from rich.style import Style
from rich.text import Text

from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.support.project import Project

_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_CHUNK = 65536
_COLOURS = {"default": None, "brown": "yellow"}
"""What pyte calls another way than rich does."""
# The terminal becomes the one that Ctrl-C comes from, as a shell would have it. Ctrl-C ends the
# program, also where the tests themselves were started in the background.
_LAUNCH = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvpe(sys.argv[1], sys.argv[1:], os.environ)
"""
_MIGRATE = "from sst.door import enter; enter('python migrate.py')"


class Program(Protocol):
    """What runs on a terminal; `subprocess.Popen` is one."""

    pid: int

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Await the end and return the exit code."""


class Terminal:
    """The program *arguments* on a terminal of *columns* by *lines*; ended when it is left.

    Its stdin, stdout and stderr are the terminal, unless *stdout* is given.
    """

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        environ: Mapping[str, str],
        folder: Path,
        columns: int = 80,
        lines: int = 24,
        stdout: int | None = None,
    ) -> None:
        self._lines = lines
        self._screen = pyte.HistoryScreen(columns, lines, history=10_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        """All that the program has written to the terminal."""
        self.frames: list[tuple[str, ...]] = []
        """The screen after each piece that was read of it."""
        self._ours, theirs = pty.openpty()
        self._is_hung_up = False
        ioctl(theirs, termios.TIOCSWINSZ, _window(lines, columns))
        environ = {"TERM": "xterm-256color", **environ}
        self.process = self._start([*map(str, arguments)], environ, folder, theirs, stdout)
        os.close(theirs)

    def _start(
        self,
        words: list[str],
        environ: dict[str, str],
        folder: Path,
        terminal: int,
        stdout: int | None,
    ) -> Program:
        return subprocess.Popen(
            [sys.executable, "-S", "-c", _LAUNCH, *words],
            stdin=terminal,
            stdout=terminal if stdout is None else stdout,
            stderr=terminal,
            env=environ,
            cwd=folder,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Return the terminal itself."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """End the program, if it has not ended, and close the terminal."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.hang_up()

    @property
    def screen(self) -> tuple[str, ...]:
        """The lines that are to be seen now, without blanks at their ends."""
        return tuple(line.rstrip() for line in self._screen.display)

    @property
    def text(self) -> str:
        """All lines that are to be seen when the user scrolls back."""
        above = (
            "".join(row[column].data for column in range(self._screen.columns)).rstrip()
            for row in self._screen.history.top
        )
        return "\n".join((*above, *self.screen)).rstrip()

    def styled(self) -> Text:
        """Return `text` with the colours that the user sees."""
        rows = [*self._screen.history.top, *(self._screen.buffer[y] for y in range(self._lines))]
        shown = Text("\n").join(map(self._styled_row, rows))
        shown.rstrip()
        return shown

    def _styled_row(self, row: Mapping[int, Any]) -> Text:
        line = Text()
        cells = [row[column] for column in range(self._screen.columns)]
        for (color, is_bold), same in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
            style = Style(color=_COLOURS.get(color, color), bold=is_bold or None)
            line.append("".join(cell.data for cell in same), style)
        line.rstrip()
        return line

    def type(self, keys: str) -> None:
        """Type *keys*: a line and its newline, or `chr(4)` for Ctrl-D."""
        os.write(self._ours, keys.encode())

    def resize(self, columns: int) -> None:
        """Make the terminal *columns* wide, as its user does with the mouse."""
        ioctl(self._ours, termios.TIOCSWINSZ, _window(self._lines, columns))
        self._screen.resize(self._lines, columns)

    def hang_up(self) -> None:
        """Close the terminal, as a connection that breaks does."""
        if not self._is_hung_up:
            os.close(self._ours)
        self._is_hung_up = True

    def wait_for(self, text: str) -> None:
        """Read until *text* is to be seen."""
        self.wait_until(lambda: text in self.text, text)

    def wait_until(self, is_there: Callable[[], bool], what: str = "it") -> None:
        """Read until *is_there*; raises `AssertionError` when the program ends before that."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not is_there():
            is_over = not self._read()
            if is_there():
                return
            assert not is_over, f"ended without {what!r}:\n{self.text}"
            assert time.monotonic() < end, f"no {what!r} in time:\n{self.text}"

    def finish(self) -> int | None:
        """Read to the end; return the exit code."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < end, f"still running:\n{self.text}"
        return self.process.wait(_PATIENCE_SECONDS)

    def _read(self) -> bool:
        """Read what there is; False when the program has ended and all is read."""
        is_over = self.process.poll() is not None
        if not select.select([self._ours], [], [], 0 if is_over else _LOOK_SECONDS)[0]:
            return not is_over
        try:
            piece = os.read(self._ours, _CHUNK)
        except OSError:
            # Linux says EIO when the last one who had the other end open has closed it.
            return False
        self.raw += piece
        self._stream.feed(piece)
        self.frames.append(self.screen)
        return bool(piece)


def _window(lines: int, columns: int) -> bytes:
    return struct.pack("HHHH", lines, columns, 0, 0)


def started_on_terminal(project: Project, *words: str) -> Terminal:
    """Start `migrate.py WORDS` for *project* on a terminal: a new interpreter, not a fork."""
    return Terminal(
        [sys.executable, "-c", _MIGRATE, *words_for(project, words)],
        environ=environ_for(project) | {"PYTHONPATH": str(REPOSITORY)},
        folder=project.root,
    )


def words_for(project: Project, words: Sequence[str]) -> list[str]:
    """Return *words* and the settings of *project* as arguments."""
    given = [part for name, value in project.settings.items() for part in _set(name, value)]
    return [*words, *given]


def environ_for(project: Project) -> dict[str, str]:
    """Return the variables of a command on *project*."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "DATABASE_URL": project.database_url, **project.environment}


def _set(name: str, value: object) -> tuple[str, str]:
    return "--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"
