"""A plan as a whole: how much of it there is, the longest block, and what is against it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sst.hooks.contract.plan.finding import Level
from sst.hooks.contract.plan.lock_modes import NOTHING
from sst.hooks.contract.plan.statement import Seconds
from sst.migrator.rehearsal.words import blocked, range_text, relations_text, strength
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.report import Report

_KNOWN = ("measured", "inferred", "assumed")


@dataclass(frozen=True, slots=True)
class Block:
    """What others wait for from one statement on, to the end of its transaction."""

    blocks: str
    relations: tuple[str, ...]
    seconds: Seconds | None
    """Of the statements whose time is known; None where there is none."""
    is_whole: bool
    """Whether that is the time of all of them."""

    def __str__(self) -> str:
        """Return it as a person reads it."""
        time = f", {range_text(self.seconds.low, self.seconds.high)}" if self.seconds else ""
        if time and not self.is_whole:
            time += " and a time that is not known"
        return f"{self.blocks} of {relations_text(self.relations)}{time}"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "blocks": self.blocks,
            "relations": list(self.relations),
            "seconds": self.seconds.to_dict() if self.seconds and self.is_whole else None,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """The plan in numbers."""

    revisions: int
    statements: int
    errors: int
    warnings: int
    accepted: int
    in_the_way: int
    """Probes that have found rows which would make a revision fail."""
    longest_block: Block | None
    """None where nothing waits."""
    is_whole: bool
    """Whether every statement was seen."""

    def __str__(self) -> str:
        """Return it in one sentence."""
        seen, among = ("", "") if self.is_whole else (" seen", " among them")
        statements = f"{counted(self.statements, 'statement')}{seen}"
        block = "blocks nothing" if self.is_whole else f"no block{among}"
        if self.longest_block:
            block = f"longest block{among}: {self.longest_block}"
        parts = [f"{counted(self.revisions, 'revision')}, {statements}", block, self._against()]
        return "; ".join(filter(None, parts))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "revisions": self.revisions,
            "statements": self.statements,
            "errors": self.errors,
            "warnings": self.warnings,
            "accepted": self.accepted,
            "in_the_way": self.in_the_way,
            "longest_block": self.longest_block.to_dict() if self.longest_block else None,
        }

    def _against(self) -> str:
        counts = ((self.errors, "error"), (self.warnings, "warning"))
        found = [counted(count, noun) for count, noun in counts if count]
        if self.in_the_way:
            found.append(f"rows in the way of {counted(self.in_the_way, 'change')}")
        accepted = f"{self.accepted} accepted" if self.accepted else ""
        if not found:
            return accepted
        return ", ".join(found) + (f" ({accepted})" if accepted else "")


def summary_of(report: Report) -> Summary | None:
    """Return the summary of the plan in *report*; None where nothing of it was rehearsed."""
    rehearsal = report.rehearsal
    if rehearsal is None or not rehearsal.statements:
        return None
    findings = [each for some in rehearsal.findings.values() for each in some]
    open_ = [each.level for each in findings if each.accepted is None]
    return Summary(
        revisions=len(report.revisions),
        statements=sum(map(len, rehearsal.statements.values())),
        errors=open_.count(Level.ERROR),
        warnings=open_.count(Level.WARNING),
        accepted=len(findings) - len(open_),
        in_the_way=sum(
            bool(each.violations) for some in rehearsal.probes.values() for each in some
        ),
        longest_block=max(_blocks(rehearsal), key=_weight, default=None),
        is_whole=rehearsal.is_whole,
    )


def rehearsal_note(rehearsal: Rehearsal) -> str:
    """Return where the plan was rehearsed, or why not, for a person."""
    if rehearsal.is_whole:
        when = f" earlier ({rehearsal.at:%H:%M} UTC)" if rehearsal.is_earlier else ""
        return f"rehearsed{when} on a copy without rows {rehearsal.where}; the copy is dropped"
    begun = " to its end" if rehearsal.statements else ""
    return f"not rehearsed{begun}: {rehearsal.why_not}"


def _blocks(rehearsal: Rehearsal) -> Iterator[Block]:
    """Give what waits from each statement on: a lock is held to the end of its transaction."""
    for some in rehearsal.statements.values():
        for _, group in groupby(some, key=lambda each: each.transaction):
            together = list(group)
            for number, statement in enumerate(together):
                blocks = statement.blocks
                if blocks and blocks != NOTHING:
                    held = [statement] if statement.is_alone else together[number:]
                    is_whole = all(each.seconds for each in held)
                    yield Block(blocks, tuple(blocked(statement)), _sum(held), is_whole)


def _sum(statements: Sequence[Statement]) -> Seconds | None:
    known = [each.seconds for each in statements if each.seconds]
    if not known:
        return None
    return Seconds(
        low=sum(each.low for each in known),
        high=sum(each.high for each in known),
        known=max((each.known for each in known), key=_KNOWN.index),
    )


def _weight(block: Block) -> tuple[bool, float, int]:
    """Return what *block* is compared by: what is not known may be longer than all else."""
    high = block.seconds.high if block.seconds else 0.0
    return not block.is_whole, high, strength(block.blocks)
