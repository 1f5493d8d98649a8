"""What works on many databases, as the core sees it; add-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sst.hooks.contract.fleet.jobs import Answer, Job


class Engine(Protocol):
    """Works on jobs, several at once; only one thread asks it."""

    @property
    def free(self) -> int:
        """How many more jobs it takes now."""

    def begin(self, job: Job) -> None:
        """Take *job*; its answer comes later, exactly one."""

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Return the answers that are there, or those that come first within the time.

        Raises what ends the whole call, such as a `TemporaryError`, exit 75.
        """

    def withdraw(self) -> None:
        """Give back the jobs that nobody has begun: they are answered as skipped."""

    def interrupt(self, signal_number: int) -> None:
        """Withdraw, and let all that is at work end in order, as that signal ends one run.

        Called from a signal handler, also while another method is at work: note it, and act on it
        in `answers`.
        """

    def close(self) -> None:
        """End whatever is left, and clean up."""


@dataclass(frozen=True, slots=True)
class FleetCall:
    """The call of a command on many databases that an engine is made for."""

    command: str
    """The words of the command, for people."""
    environment: str
    project_root: Path
    """The folder that relative paths in settings start from."""
    most: int | None
    """How many jobs may be at work at once; None where `--parallel` does not say."""


@dataclass(frozen=True, slots=True)
class NamedEngine:
    """An engine that a plugin offers."""

    name: str
    """How `--engine` calls it."""
    make: Callable[[FleetCall], Engine]
    """Makes it, once in a call; what it raises ends the call before any database is touched."""
