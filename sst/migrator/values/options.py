"""The options of a command that takes the run's lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a command waits, what it may do, and how the operator confirms it."""

    lock_wait_seconds: float | None = None
    """How long to wait for another migration to end; None as `migrate.lock_wait` says."""
    confirmed_name: str | None = None
    """The database's name as `--confirm` gives it."""
    ask: Callable[[str], str] | None = None
    """Asks on the terminal; None when nobody is there to answer."""
    allow_environment_change: bool = False
    """Whether the database may have been run last in another environment."""
    terminate_blockers: bool = False
    """Whether idle sessions that block a revision are ended."""

    def lock_wait(self, configured: float) -> float:
        """Return how many seconds to wait for the lock; *configured* where nothing was asked."""
        return configured if self.lock_wait_seconds is None else self.lock_wait_seconds


AS_CONFIGURED = RunOptions()
"""Nothing was asked: the settings alone decide."""
