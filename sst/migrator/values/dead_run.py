"""A run that was killed, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_WITH_STEPS = ("upgrade", "downgrade")
# What its record calls the target is a count, no word that is typed.
_WITHOUT_TARGET = ("repair",)


@dataclass(frozen=True, slots=True)
class DeadRun:
    """A run whose process is gone and that never said how it ended."""

    id: str
    command: str
    target: str
    started_at: datetime
    os_user: str
    host: str
    revision: str | None
    """The revision that was running; None when it died between two."""

    @property
    def words(self) -> str:
        """The command and its target."""
        return f"{self.command} {self.target}".strip()

    @property
    def ended(self) -> str:
        """How it ended, as a sentence goes on after its name."""
        if self.revision:
            return f"was interrupted during revision {self.revision}"
        return "was interrupted between two revisions" if self._has_steps else "was interrupted"

    @property
    def remedy(self) -> str:
        """The command that brings the database to where the run was going."""
        return remedy_of(self.command, self.target)

    @property
    def _has_steps(self) -> bool:
        return self.command in _WITH_STEPS


def remedy_of(command: str, target: str) -> str:
    """Return how a run of *command* that was broken off is brought to its end."""
    if command in _WITH_STEPS:
        return "run `python migrate.py upgrade`: it goes on from there"
    return f"run `{command_again(command, target)}` again if it is still wanted"


def command_again(command: str, target: str) -> str:
    """Return what is typed to run *command* for *target* once more."""
    typed = "" if command in _WITHOUT_TARGET else target
    return f"python migrate.py {command} {typed}".strip()
