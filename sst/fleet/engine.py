"""What works on databases, as the rollout sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.config.sources.target import Target


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each database."""

    words: Sequence[str]
    """The command line: the command's name and what is behind it."""
    is_look: bool = False
    """Whether it is only asked if there is anything to do, in place of the command."""


@dataclass(frozen=True, slots=True)
class Job:
    """The work on one database."""

    target: Target
    work: Work
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job."""

    job: Job
    exit_code: int | None
    """That of the command; None when whoever worked on it is gone."""
    seconds: float = 0.0
    is_unchanged: bool = False
    """There is nothing to do, a look has said."""
    is_skipped: bool = False
    """It was given back before it had begun, because all is to end."""
    report: bytes = b""
    """What the command prints with `--json`, packed."""


class Engine(Protocol):
    """Works on jobs, several at once; nobody else asks it."""

    @property
    def free(self) -> int:
        """How many more jobs would begin at once."""

    def begin(self, job: Job) -> None:
        """Begin *job*; its answer comes later."""

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Return the answers that are there, or those that come first within the time."""

    def interrupt(self, signal_number: int) -> None:
        """Let all that is at work end in order, as that signal ends one run."""

    def close(self) -> None:
        """End whatever is left."""
