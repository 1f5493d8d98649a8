"""The judgement of a rule on one statement; add-only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date


class Level(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"
    """`lint` exits with 3, and a run is refused where `migrate.lint` is `refuse`."""
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A comment in the revision by which a team takes a finding on itself."""

    reason: str
    until: date | None = None
    """The last day on which it holds; None for good."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has against a statement."""

    rule: str
    """The rule's name, in words with hyphens; a revision accepts it by that name."""
    what: str
    """What the statement would do, in one sentence without a full stop."""
    instead: str = ""
    """Code for the revision that does no harm; empty where there is none."""
    level: Level = Level.ERROR
    file: str = ""
    """The revision's file as it is shown. The core fills it in, and the two below."""
    line: int = 0
    accepted: Acceptance | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        until = self.accepted.until if self.accepted else None
        accepted = self.accepted and {
            "reason": self.accepted.reason,
            "until": until.isoformat() if until else None,
        }
        return {
            "rule": self.rule,
            "level": str(self.level),
            "file": self.file,
            "line": self.line,
            "what": self.what,
            "instead": self.instead,
            "accepted": accepted,
        }
