"""One database of many, as it was last seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.hooks.contract.checks import CheckStatus

if TYPE_CHECKING:
    from datetime import datetime

    from sst.migrator.standing.brief import Brief

UNREACHABLE = "unreachable"
"""The state of a database that the newest look could not read, whatever the reason."""
UNSEEN = "unseen"
"""The state of one that no look has come to yet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of the database called *name*."""

    name: str
    brief: Brief | None = None
    """Where it stood when it was last read."""
    seen_at: datetime | None = None
    """When that was."""
    is_lost: bool = False
    """Whether the newest look could not read it."""
    lost_since: datetime | None = None
    """When the first of those looks was that could not; None where only one was made."""
    why: str = ""
    """Why it could not, without secrets."""

    @property
    def state(self) -> str:
        """The state of its schema, `unreachable` or `unseen`."""
        if self.is_lost:
            return UNREACHABLE
        return self.brief.state if self.brief else UNSEEN

    @property
    def now(self) -> Brief | None:
        """Where it stands; None where the newest look does not say."""
        return None if self.is_lost else self.brief

    @property
    def is_in_trouble(self) -> bool:
        """Whether somebody has to look at it: a run has failed, or an upgrade would be refused."""
        brief = self.now
        return brief is not None and bool(
            brief.failure or brief.headline.level is CheckStatus.FAIL
        )
