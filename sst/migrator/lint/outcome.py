"""The values that `lint` returns: the findings, and how much was judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sst.hooks.contract.plan.finding import Level
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sst.hooks.contract.plan.finding import Finding


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A revision, or a statement of it, on which the rules could say nothing or not all."""

    revision: str
    file: str
    line: int
    """0 where it is the whole revision."""
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "revision": self.revision,
            "file": self.file,
            "line": self.line,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Lint:
    """The judgement of the rules on some revisions; files are relative to the git checkout."""

    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """By revision, those that are accepted too."""
    revisions: int = 0
    statements: int = 0
    """Of all these revisions, as far as they are known."""
    judged: int = 0
    """Those of them that were seen at work."""
    by_form: int = 0
    """Those of them that were judged by the form of their SQL alone."""
    not_judged: tuple[NotJudged, ...] = ()
    where: str = ""
    """Where they were seen at work, in words."""
    kept_since: datetime | None = None
    """When that was, where it is the result of an earlier call."""

    @property
    def all(self) -> tuple[tuple[str, Finding], ...]:
        """The findings with their revisions, in the order of files and lines."""
        found = ((revision, each) for revision, all_of in self.findings.items() for each in all_of)
        return tuple(sorted(found, key=lambda one: (one[1].file, one[1].line, one[1].rule)))

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that no revision accepts: errors first, then by file and line."""
        found = [finding for _, finding in self.all if not finding.accepted]
        return tuple(sorted(found, key=lambda each: each.level != Level.ERROR))

    @property
    def accepted(self) -> tuple[Finding, ...]:
        """The findings that a revision accepts."""
        return tuple(finding for _, finding in self.all if finding.accepted)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The errors that no revision accepts."""
        return tuple(each for each in self.open if each.level == Level.ERROR)

    @property
    def coverage(self) -> str:
        """How much was judged, in one line."""
        return ", ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        judged = f"judged {self.judged} of {counted(self.statements, 'statement')}"
        yield f"{judged} in {counted(self.revisions, 'revision')}"
        if self.by_form:
            yield f"{self.by_form} by the form of the SQL alone"

    @property
    def totals(self) -> str:
        """How many findings there are, in one line."""
        warnings = len(self.open) - len(self.errors)
        found = [counted(len(self.errors), "error"), counted(warnings, "warning")]
        return ", ".join([*found, f"{len(self.accepted)} accepted"])
