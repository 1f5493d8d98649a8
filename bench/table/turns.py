"""Commands run in turns, each with the processor time of all its processes."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from bench.costs import Figures
from bench.table.rows import NotMeasuredError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_LAST_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, where it runs, and all the variables that it sees."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Took:
    """What one run took, in seconds, what it printed, and figures of *more* kinds by name."""

    processor: float
    wall: float
    output: str = ""
    more: Mapping[str, float] = field(default_factory=dict)


def run(command: Command) -> Took:
    """Run *command* to its end; its processor time is that of its whole tree of processes.

    Raises `NotMeasuredError` with its last words when it fails.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.words,
            cwd=command.folder,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        text, complaint = _content(output), _content(errors)
    if process.returncode:
        spoken = " ".join(command.words[1:])
        last = " ".join((complaint or text).split())[-_LAST_CHARACTERS:]
        raise NotMeasuredError(f"`{spoken}` ended with exit {process.returncode}: {last}")
    return Took(used.ru_utime + used.ru_stime, wall, text)


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def in_turns(actions: Mapping[str, Callable[[], Took]], turns: int) -> Figures:
    """Do all *actions* once to warm up, then *turns* times, and back and forth in turns.

    Returns the figures by `NAME, processor`, `NAME, wall`, and the kinds of *more*.
    """
    figures = Figures(is_shown=False)
    names = list(actions)
    for turn in range(turns + 1):
        for name in names if turn % 2 else reversed(names):
            took = actions[name]()
            if turn:  # the first one warms up
                figures.add(f"{name}, processor", took.processor)
                figures.add(f"{name}, wall", took.wall)
                for kind, value in took.more.items():
                    figures.add(f"{name}, {kind}", value)
    return figures
