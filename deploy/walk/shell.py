"""Commands as a person types them: one line for bash, its exit code and all that it printed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# Long enough for a build on a slow machine: the limit is for what hangs.
STEP_SECONDS = 1800.0
_TIMED_OUT = 124
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended."""

    command: str
    exit_code: int
    output: str
    """Standard output and standard error, in the order in which they came."""


@dataclass(frozen=True, slots=True)
class Shell:
    """bash in one folder, with one environment."""

    folder: Path
    environment: Mapping[str, str]
    """All variables, PATH included."""
    inside: tuple[str, ...] = ()
    """The words before `bash` that lead into the engine's network."""

    def run(self, command: str, seconds: float = STEP_SECONDS) -> Result:
        """Return how *command* ended; exit 124 when it was ended after *seconds*."""
        process = subprocess.Popen(
            [*self.inside, "bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return Result(command, _TIMED_OUT, f"{output}\nended after {seconds:.0f} s")
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return Result(command, process.returncode, output)

    def must(self, command: str, seconds: float = STEP_SECONDS) -> str:
        """Return the output of *command*; raise `PreparationError` when it does not end with 0."""
        result = self.run(command, seconds)
        if result.exit_code:
            raise PreparationError(result)
        return result.output.strip()


class PreparationError(Exception):
    """What the walk stands on could not be made: there is nothing to walk."""

    def __init__(self, result: Result) -> None:
        last = "\n".join(result.output.splitlines()[-15:])
        super().__init__(f"{result.command}: exit {result.exit_code}\n{last}")


def await_condition(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether *condition* became true within *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
