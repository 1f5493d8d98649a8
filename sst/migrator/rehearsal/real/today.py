"""The real tables of today, by the names that a plan gives them until one of its statements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sst.hooks.contract.plan.statement import Change, ChangeKind
from sst.migrator.loss.measure import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sst.hooks.contract.plan.statement import Statement

_LAST = re.compile(r'(?:"(?:[^"]|"")*"|[^".]+)$')
"""A name without its schema."""
_BLOCK = re.compile(r"\s*(do|call)\b", re.IGNORECASE)
_READS = re.compile(r"^\s*(table|with)\b|\b(select|do|call|execute|fetch)\b", re.IGNORECASE)
_MAKES_ONLY = re.compile(
    r"\s*(alter|create|drop|comment|grant|revoke|truncate|insert|update|delete|merge|copy|lock"
    r"|cluster|reindex|refresh|vacuum|analyze)\b",
    re.IGNORECASE,
)
"""Of what may have SELECT in it, and goes by no row that is found."""
_KEEPS_ROWS = re.compile(r"\s*(alter|cluster|reindex|refresh)\b", re.IGNORECASE)
"""Of what writes a table anew."""
_BY_EXPRESSION = re.compile(r"\s*alter\b.*\btype\b.*\busing\b", re.IGNORECASE | re.DOTALL)
_OTHER_PARTS = re.compile(r"\b(attach|detach)\s+partition\b|\binherit\s+[\w\"]", re.IGNORECASE)
_NEW_CODE = re.compile(
    r"\b(create|alter|drop)\s+(or\s+replace\s+)?(function|procedure|routine|aggregate|operator)\b",
    re.IGNORECASE,
)
_WRITES_ROWS = "RowExclusiveLock"


@dataclass
class Fate:
    """What the plan has done so far to one table that is there today."""

    name: str
    """Its name of now, with its schema."""
    new_columns: set[str] = field(default_factory=set)
    retyped: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    """The column of today by its name of now."""
    is_written: bool = False
    """Whether the plan has written rows of it, or has emptied it."""
    is_read: bool = False
    """Whether the plan has looked at any rows before, and may write by what it finds."""
    is_dropped: bool = False
    has_other_parts: bool = False
    """Whether it has become, or is no longer, a partition or a child, or has got or lost one."""


class Today:
    """Follows a plan, statement by statement, and knows what each table and column is today."""

    def __init__(self) -> None:
        self._fates: dict[str, Fate] = {}
        self._is_blind = False
        self._has_read = False
        self.has_new_code = False
        """Whether the plan has made, or made anew, a function that a constraint may call."""

    @property
    def written(self) -> frozenset[str]:
        """The relations of which the plan has written rows."""
        return frozenset(name for name, fate in self._fates.items() if fate.is_written)

    @property
    def moved(self) -> frozenset[str]:
        """The relations that the plan has dropped, or given another place in a tree of tables."""
        found = self._fates.items()
        return frozenset(name for name, fate in found if fate.is_dropped or fate.has_other_parts)

    def of(self, relation: str) -> Fate:
        """Return what became of *relation*, which has that name today."""
        fate = self._fates.setdefault(relation, Fate(relation))
        fate.is_written |= self._is_blind
        fate.is_read |= self._has_read
        return fate

    def named(self, name: str) -> str | None:
        """Return today's name of the table that is *name* now; None when the plan has made it."""
        for relation, fate in self._fates.items():
            if fate.name == name and not fate.is_dropped:
                return relation
        return None if name in self._fates else name

    def follow(self, statement: Statement) -> None:
        """Take over what *statement* does."""
        # Of a block that commits by itself nobody has seen which rows it writes.
        self._is_blind |= bool(statement.unseen and _BLOCK.match(statement.sql))
        sql = statement.sql
        keeps_rows = _KEEPS_ROWS.match(sql) and not is_by_expression(sql)
        emptied = () if keeps_rows else statement.rewrites
        # A view has no rows, but what is written to it may come to a table.
        to_views = (each.relation for each in statement.locks if each.mode == _WRITES_ROWS)
        for relation in (*statement.writes, *emptied, *to_views):
            self.of(relation).is_written = True
        if _OTHER_PARTS.search(sql):
            for lock in statement.locks:
                self.of(lock.relation).has_other_parts = True
        # What was found in one table may be written to another one.
        may_read = _READS.search(sql) and not _MAKES_ONLY.match(sql)
        self._has_read |= bool(may_read and statement.locks)
        self.has_new_code |= bool(_NEW_CODE.search(sql))
        for change in statement.changes:
            self._follow(self.of(change.relation), change)

    def _follow(self, fate: Fate, change: Change) -> None:
        if change.kind is ChangeKind.ADD_COLUMN:
            fate.new_columns.add(change.name)
        elif change.kind is ChangeKind.CHANGE_TYPE:
            fate.retyped.add(change.name)
        elif change.kind is ChangeKind.RENAME_TABLE:
            fate.name = change.definition
        elif change.kind is ChangeKind.DROP_TABLE:
            fate.is_dropped = True
        elif change.kind is ChangeKind.RENAME_COLUMN:
            fate.renamed = {now: was for now, was in fate.renamed.items() if was != change.name}
            fate.renamed[change.definition] = change.name


def is_by_expression(sql: str) -> bool:
    """Say whether *sql* gives a column another type by an expression of its own."""
    return _BY_EXPRESSION.match(sql) is not None


def why_unknowable(fate: Fate, columns: Iterable[str]) -> str | None:
    """Return why the rows of today say nothing of those that *columns* will have; else None."""
    names = set(columns)
    if fate.is_written:
        return "the plan itself writes rows of it before"
    if fate.is_read:
        return "the plan itself reads rows before, and may write by what it finds"
    if fate.has_other_parts:
        return "the plan itself gives it other partitions or children before"
    if made := names & fate.new_columns:
        return f"the plan itself makes {', '.join(sorted(made))}"
    if retyped := names & fate.retyped:
        return f"the plan gives {', '.join(sorted(retyped))} another type before"
    return None


def source(relation: str, fate: Fate, *, is_alone: bool) -> str:
    """Return *relation* as FROM has it, with the names of now; *is_alone* without its children."""
    table = f"only {relation}" if is_alone else relation
    found = _LAST.search(fate.name)
    alias = found[0] if found else relation
    if not fate.renamed:
        return f"{table} as {alias}"
    names = ", ".join(f"{quoted((was,))} as {quoted((now,))}" for now, was in fate.renamed.items())
    return f"(select *, {names} from {table}) as {alias}"  # noqa: S608 - names of the catalogue
