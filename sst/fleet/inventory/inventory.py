"""All databases in short: how many of each kind, and the few of each that matter first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sst.fleet.inventory.entry import UNREACHABLE, UNSEEN
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sst.fleet.inventory.entry import Entry

STATES = (
    *("up_to_date", "pending", "empty", "ahead", "diverged", "interrupted"),
    *(UNREACHABLE, UNSEEN),
)
"""The states of a database of many."""
OTHER = "other"
NONE = "none"
"""In place of a revision: all that are not named, and no revision at all."""
_MOST_LISTED = 10
_MOST_REVISIONS = 6


@dataclass(frozen=True, slots=True)
class First:
    """The first few of *count* databases."""

    entries: tuple[Entry, ...] = ()
    count: int = 0

    @property
    def more(self) -> int:
        """How many are not among them."""
        return self.count - len(self.entries)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All databases, as they were last seen."""

    total: int = 0
    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    """How many are in each of `STATES`."""
    revisions: tuple[tuple[str, int], ...] = ()
    """How many are at each revision: those of the code first, then the most frequent few."""
    failed: int = 0
    """Those with a failed run that nothing has made good."""
    running: int = 0
    """Those in which a run is at work."""
    trouble: First = First()
    """Those that somebody has to look at, by name."""
    slowest: First = First()
    """By how long their last run took, the longest first."""
    lost: First = First()
    """Those that cannot be read, the first that was lost first."""
    oldest_at: datetime | None = None
    """The moment of the oldest look at those that can be read."""
    is_listed: bool = False
    """Whether the list was read at all."""
    list_error: str = ""
    """Why the list cannot be read; then all else is of the list as it was."""
    every_seconds: float = 0.0
    """How often each of them is looked at."""

    @property
    def lost_since(self) -> datetime | None:
        """Since when the one cannot be read that was lost first."""
        return self.lost.entries[0].lost_since if self.lost.entries else None

    @property
    def slowest_seconds(self) -> float | None:
        """How long the last run took in the database where it took longest."""
        brief = self.slowest.entries[0].now if self.slowest.entries else None
        return brief.last_seconds if brief else None


def inventory_of(
    entries: Iterable[Entry],
    heads: Sequence[str],
    *,
    is_listed: bool = True,
    list_error: str = "",
    every_seconds: float = 0.0,
) -> Inventory:
    """Return *entries* in short; *heads* are the newest revisions of the code."""
    found = sorted(entries, key=lambda entry: entry.name)
    counts = Counter(entry.state for entry in found)
    seen = [entry for entry in found if entry.now]
    timed = [entry for entry in seen if _seconds(entry) is not None]
    lost = [entry for entry in found if entry.is_lost]
    return Inventory(
        total=len(found),
        counts={state: counts[state] for state in STATES},
        revisions=_revisions(seen, heads),
        failed=sum(bool(entry.brief and entry.brief.failure) for entry in seen),
        running=sum(bool(entry.brief and entry.brief.is_running) for entry in seen),
        trouble=_first([entry for entry in found if entry.is_in_trouble]),
        slowest=_first(sorted(timed, key=lambda entry: -(_seconds(entry) or 0.0))),
        lost=_first(sorted(lost, key=_lost_since)),
        oldest_at=min((entry.seen_at for entry in seen if entry.seen_at), default=None),
        is_listed=is_listed,
        list_error=list_error,
        every_seconds=every_seconds,
    )


def _first(entries: Sequence[Entry]) -> First:
    return First(tuple(entries[:_MOST_LISTED]), len(entries))


def _seconds(entry: Entry) -> float | None:
    return entry.brief.last_seconds if entry.brief else None


def _lost_since(entry: Entry) -> float:
    return entry.lost_since.timestamp() if entry.lost_since else 0.0


def _revisions(seen: Sequence[Entry], heads: Sequence[str]) -> tuple[tuple[str, int], ...]:
    counts = Counter(
        (listed(entry.brief.heads) or NONE) if entry.brief else NONE for entry in seen
    )
    newest = listed(heads) or NONE
    named = {newest: counts.pop(newest, 0)}
    named |= dict(counts.most_common(_MOST_REVISIONS - 1))
    left = sum(count for revision, count in counts.items() if revision not in named)
    return (*named.items(), *([(OTHER, left)] if left else []))
