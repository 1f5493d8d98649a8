"""When a revision that did not get its locks is tried again: the schedule, as a value.

Short bursts first, for a request that is just ending; longer pauses then, for a report or a job.
Every attempt has a `lock_timeout`, the last one as well: without one, all later queries on the
table queue up behind a statement that itself waits.
Source: PostgreSQL manual, 20.11.1 `lock_timeout`, and 13.3 "Explicit Locking".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    class RetrySettings(Protocol):
        """The settings that make a schedule."""

        @property
        def lock_timeout(self) -> float:
            """Seconds."""

        @property
        def lock_retry_pauses(self) -> tuple[float, ...]:
            """Seconds."""

        @property
        def lock_retry_seconds(self) -> float:
            """Seconds."""


LOCK_TIMEOUT = "55P03"
DEADLOCK = "40P01"
SERIALIZATION = "40001"
RETRYABLE = frozenset({LOCK_TIMEOUT, DEADLOCK, SERIALIZATION})
"""The failures that another attempt can cure. Source: PostgreSQL manual, appendix A, and 13.5."""

_FIRST_TIMEOUT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long each attempt of one revision waits for a lock, and how long to pause after it."""

    longest_timeout_seconds: float
    pauses_seconds: tuple[float, ...]
    total_seconds: float

    @classmethod
    def of(cls, settings: RetrySettings) -> Schedule:
        """Return the schedule that *settings* describe."""
        return cls(settings.lock_timeout, settings.lock_retry_pauses, settings.lock_retry_seconds)

    def timeout_seconds(self, number: int) -> float:
        """Return how long the attempt *number*, from 1 on, may wait for a lock; never zero.

        It doubles from half a second up to the longest: most locks are free in a moment, and a
        wait below the server's `deadlock_timeout` (1 s) never makes another session the victim.
        """
        doubled = _FIRST_TIMEOUT_SECONDS * 2.0 ** min(number - 1, 20)
        return min(doubled, self.longest_timeout_seconds)

    def pause_seconds(self, number: int, elapsed_seconds: float) -> float | None:
        """Return how long to pause after the attempt *number*; None when it was the last one.

        *elapsed_seconds* count from the first attempt: no attempt begins after the total.
        The last pause repeats.
        """
        if not self.pauses_seconds:
            return None
        pause = self.pauses_seconds[min(number, len(self.pauses_seconds)) - 1]
        return pause if elapsed_seconds + pause < self.total_seconds else None


def milliseconds(seconds: float) -> str:
    """Return *seconds* as a timeout of the server; 0, no limit, only when it is exactly 0."""
    return str(max(1, round(seconds * 1000))) if seconds else "0"
