"""One statement as the rules look at it: what is blocked, by whom, and what work is done."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sst.hooks import Change, ChangeKind, Finding, Level

from . import code, form, steps
from .names import LEVELS

if TYPE_CHECKING:
    from sst.hooks import Statement

    from .form import Tokens

_LONGEST = 100_000
_NOTHING = "nothing"
_KIND = "temp? temporary? unlogged?"
EVERYTHING = "reads and writes"
ASSUMED = " (assumed: its locks are not known)"


class Seen:
    """*statement*, with what the rules ask of it."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        # What is longer has rows in it: it is judged by what it did alone.
        self.sql = statement.sql if len(statement.sql) <= _LONGEST else ""
        self.major = statement.server_major

    @cached_property
    def pieces(self) -> list[Tokens]:
        """The statements of its text."""
        return list(form.pieces(self.sql))

    def says(self, words: str) -> bool:
        """Say whether *words* are in its text, one after the other."""
        return any(form.after(piece, words) is not None for piece in self.pieces)

    @cached_property
    def is_seen(self) -> bool:
        """Whether its locks are known."""
        return self.statement.unseen is None

    @cached_property
    def own(self) -> dict[str, str]:
        """What waits for the locks that it takes itself, by table, where somebody does."""
        return self._blocked(is_held=False)

    @cached_property
    def held(self) -> dict[str, str]:
        """What waits for the locks that were taken before it in the transaction, by table."""
        return self._blocked(is_held=True)

    @cached_property
    def before(self) -> list[str]:
        """The tables on which the transaction lets others wait already."""
        previous = self.statement.previous
        return list(Seen(previous).blocked) if previous else []

    def _blocked(self, *, is_held: bool) -> dict[str, str]:
        return {
            lock.relation: lock.blocks
            for lock in self.statement.locks
            if lock.is_held is is_held and lock.is_table and lock.blocks != _NOTHING
        }

    @cached_property
    def blocked(self) -> dict[str, str]:
        """What waits while it runs, by table."""
        return self.held | self.own

    def waits(self, table: str) -> str:
        """Return what waits for *table* while it runs, in words."""
        return self.blocked.get(table, EVERYTHING)

    @cached_property
    def rewritten(self) -> tuple[str, ...]:
        """The tables that it writes anew."""
        indexes = {lock.relation for lock in self.statement.locks if lock.is_index}
        return tuple(each for each in self.statement.rewrites if each not in indexes)

    @cached_property
    def scanned(self) -> tuple[str, ...]:
        """The tables that it reads to their end while somebody waits."""
        return self.statement.scans if self.blocked else ()

    def is_worked_on(self, table: str, worked: tuple[str, ...]) -> bool:
        """Say whether *table* is one of *worked*, or those are the partitions that it has."""
        return table in worked or (
            bool(worked) and table in self.own and set(worked) <= self.own.keys()
        )

    @cached_property
    def is_read_or_write(self) -> bool:
        """Whether it is a statement on rows, whose plan a copy without rows does not show."""
        first = self.pieces[0][0] if self.pieces else None
        return first is not None and first.is_word(
            "select", "insert", "update", "delete", "merge", "with"
        )

    def is_made_before(self, name: tuple[str, ...]) -> bool:
        """Say whether an earlier statement of its transaction makes the table *name*."""
        return any(
            form.name(words)[0][-1:] == name[-1:]
            for statement in self.statement.earlier
            for piece in form.pieces(statement.sql)
            if (words := form.follows(piece, f"create {_KIND} table if? not? exists?"))
        )

    def changes(self, *kinds: ChangeKind) -> list[Change]:
        """Return its changes of these *kinds*."""
        return [each for each in self.statement.changes if each.kind in kinds]

    @cached_property
    def new_columns(self) -> set[tuple[str, str]]:
        """The columns that it adds: table and name."""
        return {(each.relation, each.name) for each in self.changes(ChangeKind.ADD_COLUMN)}

    def is_on_new_columns(self, change: Change) -> bool:
        """Say whether *change* concerns only columns that the statement adds."""
        columns = change.columns or (change.name,)
        return {(change.relation, each) for each in columns} <= self.new_columns

    def behind_columns(self, instead: str) -> str:
        """Return *instead* behind the columns that it needs and the same call has added before."""
        place = (self.statement.file, self.statement.line)
        needed = {(each.relation, one) for each in self.statement.changes for one in each.columns}
        added = [
            steps.alone(each.sql)
            for each in self.statement.earlier
            if (each.file, each.line) == place
            and any(
                one.kind is ChangeKind.ADD_COLUMN and (one.relation, one.name) in needed
                for one in each.changes
            )
        ]
        return "\n".join((*added[::-1], instead)) if instead and all(added) else ""

    def named(self, name: tuple[str, ...]) -> str | None:
        """Return the table that goes by *name* in the text and was there before, or None."""
        for statement in (self.statement, *self.statement.earlier):
            for lock in statement.locks:
                known = code.parts(lock.relation)
                if lock.is_table and name and known[-len(name) :] == name:
                    return lock.relation
        return None


def finding(rule: str, what: str, instead: str = "", *, is_certain: bool = True) -> Finding:
    """Return a finding of *rule*; a warning where it is not certain."""
    return Finding(rule, what, instead, LEVELS[rule] if is_certain else Level.WARNING)
