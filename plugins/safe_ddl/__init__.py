"""Rules on what a plan's statements lock, write anew, scan and take away, with safe code for each.

- `by_words.py`: rules of taste, and on statements that were not seen
- `code.py`: Alembic code: names, calls, revisions in a row
- `columns.py`: columns that let a table be written anew, or that running code misses
- `constraints.py`: constraints that are proven while somebody waits
- `form.py`: the words of a statement
- `indexes.py`: indexes that are built or dropped while somebody waits
- `names.py`: the names of the rules, and their levels
- `seen.py`: one statement as the rules look at it
- `steps.py`: safe ways that several rules offer
- `tables.py`: tables that are dropped, renamed, written whole, or locked by new ones
- `transactions.py`: locks that are held while more is done

A rule goes by what was measured; the form of a statement only chooses the code that it offers.
docs/rules/ has a page for each.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sst.hooks import Finding, Level, Statement, hookimpl

from .names import LEVELS, STYLE, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEGABYTE = 1_000_000
_BY_SIZE = frozenset(
    {
        *("check-scan", "column-check-scan", "column-rewrite", "foreign-key-scan"),
        *("index-blocks-writes", "not-null-scan", "rewrite", "scan-under-lock", "type-rewrite"),
        *("unique-scan", "validate-with-add", "whole-table-write", "work-under-lock"),
    }
)
"""Rules on work that takes as long as a table is large."""
WORK = _BY_SIZE | {"refresh-blocks-reads", "table-emptied", "vacuum-full-cluster"}
"""Where one of them has spoken, the general rules on work are silent."""


class Config(BaseModel):
    """Which rules speak, and how loud."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    levels: dict[str, Literal["error", "warning", "off"]] = Field(
        {}, description="The level of a rule, by its name, where it is not its own."
    )
    style: bool = Field(
        default=False, description="Rules of taste too, such as `json-column`; they are warnings."
    )
    small_table_mb: float = Field(
        0.0,
        ge=0,
        description="A scan or a rewrite of less is a warning; 0: every table counts, for a "
        "table that is small here may be large elsewhere.",
    )

    @field_validator("levels")
    @classmethod
    def _has_rules(cls, levels: dict[str, str]) -> dict[str, str]:
        wrong = [unknown(name) for name in levels if name not in LEVELS]
        if wrong:
            raise ValueError("; ".join(wrong))
        return levels


class Plugin:
    """Judge each statement of a plan."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def judge(self, statement: Statement) -> list[Finding]:
        """Return what the rules have against *statement*, one finding for one cause."""
        return [self._weighed(each, statement) for each in _judged(statement) if self._is_on(each)]

    def _is_on(self, finding: Finding) -> bool:
        level = self._config.levels.get(finding.rule)
        if level is None and finding.rule in STYLE:
            return self._config.style
        return level != "off"

    def _weighed(self, finding: Finding, statement: Statement) -> Finding:
        """Return *finding* with the level of the settings; a small table makes it a warning."""
        level = Level(self._config.levels.get(finding.rule, finding.level))
        small = self._config.small_table_mb * _MEGABYTE
        is_small = statement.bytes is not None and statement.bytes < small
        if is_small and finding.rule in _BY_SIZE:
            level = Level.WARNING
        return replace(finding, level=level)


def _judged(statement: Statement) -> Iterator[Finding]:
    """Give the findings on *statement*; the general rules speak where no other one has."""
    from . import by_words, columns, constraints, indexes, tables, transactions  # when asked
    from .seen import Seen

    seen = Seen(statement)
    special = [
        finding
        for family in (columns, constraints, indexes, tables)
        for finding in family.judge(seen)
    ]
    yield from special
    if not WORK.intersection(each.rule for each in special):
        yield from transactions.judge_work(seen)
    yield from transactions.judge_locks(seen)
    if statement.unseen:
        yield from by_words.judge_unseen(seen)
    yield from by_words.judge_taste(seen)
