"""The two faces of the flag: the run's, which holds it up, and the application's, which looks."""

from __future__ import annotations

from typing import Protocol


class Flag(Protocol):
    """The flag as the run sees it; every call answers within a few seconds or raises."""

    @property
    def place(self) -> str:
        """Where it is, for a person: `Redis (sst:maintenance:production)`."""

    def keep_up(self) -> None:
        """Raise the flag, or renew it: it holds for its time to live from now on."""

    def take_down(self) -> None:
        """Take the flag down, and give the connection back."""


class Look(Protocol):
    """The flag as the application sees it; used by one thread, and connected at its first use."""

    @property
    def place(self) -> str:
        """Where the flag is, for a person."""

    def is_up(self) -> bool:
        """Ask whether any run holds the flag up; raise when that cannot be known."""

    def close(self) -> None:
        """Give the connection back; the next question opens another."""
