"""The values that a rehearsal returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sst.hooks.contract.plan.finding import Finding
    from sst.hooks.contract.plan.statement import Statement


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to the rows of the real database: would they make a revision fail."""

    relation: str
    """The table, with its schema, quoted as SQL wants it."""
    asks: str
    """`not_null`, `unique`, `foreign_key`, `check`; `type`, of which no values are read, and
    `exclusion`, which is never answered."""
    about: str
    """The columns, or the constraint, in words."""
    violations: int | None
    """None when it was not asked, or not answered."""
    why_not: str | None = None
    file: str = ""
    line: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "relation": self.relation,
            "asks": self.asks,
            "about": self.about,
            "violations": self.violations,
            "why_not": self.why_not,
            "file": self.file,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan did on a copy without rows, or why it was not run there."""

    where: str = ""
    """The server on which the copy was made, in words; empty when there was none."""
    why_not: str | None = None
    """Why not all of it was run; None when all was."""
    statements: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)
    """By revision, also those before the one that stopped it."""
    probes: Mapping[str, tuple[Probe, ...]] = field(default_factory=dict)
    """By revision."""
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """By revision, those that are accepted too."""
    stopped_at: str = ""
    """The revision that has ended it itself; empty where the reason lies elsewhere."""
    stopped_line: int = 0
    """The line of its file that was at work; 0 where that is not known."""
    at: datetime | None = None
    """When it was run to its end; None when it was not."""
    is_earlier: bool = False
    """Whether that was another plan, whose result was kept."""

    @property
    def is_whole(self) -> bool:
        """Whether every revision was run to its end."""
        return self.why_not is None

    def has_all_of(self, revision: str) -> bool:
        """Say whether *revision* was run to its end."""
        return revision in self.statements and revision != self.stopped_at
