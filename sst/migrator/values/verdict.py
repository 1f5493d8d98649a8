"""What stands against a plan, and what a run of it does with that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for which a run is refused where `migrate.lint` is `refuse`."""

    revision: str
    """Empty where it is against the plan as a whole."""
    rule: str
    what: str
    """In one sentence without a full stop."""
    place: str = ""
    """File and line, as editors take them."""

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.rule}: {self.what}{f' [{self.place}]' if self.place else ''}"

    def to_dict(self) -> dict[str, str]:
        """Return JSON-ready values."""
        return {
            "revision": self.revision,
            "rule": self.rule,
            "what": self.what,
            "place": self.place,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands against a plan, and what a run of it does with that."""

    mode: str
    """`warn`, `refuse` or `off`."""
    reasons: tuple[Reason, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"mode": self.mode, "reasons": [each.to_dict() for each in self.reasons]}
