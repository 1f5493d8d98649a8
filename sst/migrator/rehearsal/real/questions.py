"""The questions to the real rows that follow from what a plan changes.

A statement asks what the server will ask when it scans the table. Where it need not scan, because
a constraint is NOT VALID or proven, there is no question.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sst.hooks.contract.plan.statement import Change, ChangeKind
from sst.migrator.loss.measure import quoted
from sst.migrator.rehearsal.real.counts import counted, orphans, repeated, unfitting
from sst.migrator.rehearsal.real.definition import Definition
from sst.migrator.rehearsal.real.today import Fate, Today, is_by_expression, source, why_unknowable
from sst.migrator.rehearsal.rehearsal import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sst.hooks.contract.plan.statement import Statement

_ASKS = {
    ChangeKind.ADD_NOT_NULL: "not_null",
    ChangeKind.ADD_UNIQUE: "unique",
    ChangeKind.ADD_PRIMARY_KEY: "unique",
    ChangeKind.ADD_FOREIGN_KEY: "foreign_key",
    ChangeKind.ADD_CHECK: "check",
    ChangeKind.ADD_EXCLUSION: "exclusion",
    ChangeKind.CHANGE_TYPE: "type",
}
_VALIDATED = {"CHECK": "check", "FOREIGN KEY": "foreign_key", "NOT NULL": "not_null"}
_NEVER = {"exclusion": "an exclusion constraint is not asked for"}
_PLAIN_TABLE = "r"
NOT_FITTED = "it is not asked whether every value fits the new type"


@dataclass(frozen=True)
class Question:
    """One question to the real rows."""

    revision: str
    probe: Probe
    """Without an answer; with `why_not` where it is not to be asked."""
    tables: tuple[str, ...] = ()
    """Those that it reads, by their names of today."""
    sql: Callable[[Mapping[str, str]], str] | None = None
    """Takes the kind of each of them, as `pg_class.relkind` has it."""
    written: frozenset[str] = frozenset()
    """The relations of which the plan has written rows before."""
    moved: frozenset[str] = frozenset()
    """Those that it has dropped before, or given another place in a tree of tables."""
    reads_all: bool = True
    """Whether it reads a table to its end."""


def questions(statements: Iterable[Statement]) -> Iterator[Question]:
    """Give the questions of *statements*, which are those of one plan in their order."""
    today = Today()
    for statement in statements:
        today.follow(statement)
        new = {
            (each.relation, each.name)
            for each in statement.changes
            if each.kind is ChangeKind.ADD_COLUMN
        }
        for change in statement.changes:
            is_new = (change.relation, change.name) in new
            if is_new and change.kind is ChangeKind.ADD_NOT_NULL:
                yield _of_new_column(change, statement, today)
            elif asks := _asks(change, statement):
                yield _Maker(asks, change, statement, today).question()


def _asks(change: Change, statement: Statement) -> str | None:
    """Return what *change* asks of the rows that are there; None where it asks nothing."""
    if not change.is_valid or not statement.scans:
        return None
    if change.kind is ChangeKind.CHANGE_TYPE and change.relation not in statement.rewrites:
        return None
    if change.kind is ChangeKind.VALIDATE:
        begins = (each for each in _VALIDATED if change.definition.startswith(each))
        return next((_VALIDATED[each] for each in begins), None)
    return _ASKS.get(change.kind)


def _of_new_column(change: Change, statement: Statement, today: Today) -> Question:
    """Return the question of a new column without a value: every row that is there fails."""
    fate = today.of(change.relation)
    probe = Probe(
        change.relation, "not_null", change.name, None, file=statement.file, line=statement.line
    )
    if why_not := why_unknowable(fate, ()):
        return Question(statement.revision, replace(probe, why_not=why_not))
    rows = source(change.relation, Fate(fate.name), is_alone=False)
    sql = counted(f"from {rows}")
    tables, before = (change.relation,), (today.written, today.moved)
    return Question(statement.revision, probe, tables, lambda _: sql, *before, reads_all=False)


class _Maker:
    """Makes the question of one change."""

    def __init__(self, asks: str, change: Change, statement: Statement, today: Today) -> None:
        self._asks = asks
        self._change = change
        self._statement = statement
        self._today = today
        self._fate = deepcopy(today.of(change.relation))
        self._definition = Definition(change.definition)

    def question(self) -> Question:
        if why_not := self._why_not():
            return self._unasked(why_not)
        return _MAKERS[self._asks](self)

    def _why_not(self) -> str | None:
        """Return why it is not to be asked; None where it is."""
        if self._asks == "type":
            is_cast = not is_by_expression(self._statement.sql)
            return why_unknowable(self._fate, ()) if is_cast else NOT_FITTED
        if why_not := _NEVER.get(self._asks) or why_unknowable(self._fate, self._columns()):
            return why_not
        if self._definition.is_temporal:
            return "a constraint over time is not asked for"
        if self._today.has_new_code and self._definition.has_calls:
            return "the plan itself makes or changes functions before"
        return None

    def _columns(self) -> set[str]:
        """Return its columns, with those in expressions that are not as they are today."""
        now = {was: name for name, was in self._fate.renamed.items()}
        changed = self._fate.new_columns | self._fate.retyped
        named = self._definition.names
        return {*self._change.columns, *(each for each in changed if now.get(each, each) in named)}

    def not_null(self) -> Question:
        """Return how many rows have no value in a column."""
        [column] = self._change.columns
        rows = source(self._change.relation, Fate(self._fate.name), is_alone=False)
        body = f"from {rows} where {quoted((column,))} is not distinct from null"
        return self._question(lambda _: counted(body))

    def check(self) -> Question:
        """Return for how many rows the expression is false: one without a value passes."""
        is_alone = self._definition.has("NO INHERIT")
        rows = source(self._change.relation, self._fate, is_alone=is_alone)
        body = f"from {rows} where not ({self._definition.expression})"
        return self._question(lambda _: counted(body))

    def unique(self) -> Question:
        """Return how many rows repeat the key of another one."""
        keys, condition = self._definition.keys, self._definition.condition
        with_nulls = self._definition.has("NULLS NOT DISTINCT")

        def sql(kinds: Mapping[str, str]) -> str:
            return repeated(self._source(kinds), keys, condition, with_nulls=with_nulls)

        return self._question(sql)

    def type(self) -> Question:
        """Return that no value can fail to fit, where the type alone says so."""
        body = unfitting(self._change.relation, self._change.name, self._change.definition)
        return replace(self._question(lambda _: body), reads_all=False)

    def foreign_key(self) -> Question:
        """Return how many rows refer to a row that is not there."""
        definition = self._definition
        parent = self._today.named(definition.parent)
        if parent is None:
            return self._unasked(f"the plan itself makes {definition.parent}")
        fate = deepcopy(self._today.of(parent))
        columns = [fate.renamed.get(each, each) for each in map(_name, definition.parent_keys)]
        if why_not := why_unknowable(fate, columns):
            return self._unasked(f"of {parent}, {why_not}")
        keys, parent_keys = definition.keys, definition.parent_keys
        is_full = definition.has("MATCH FULL")

        def sql(kinds: Mapping[str, str]) -> str:
            parents = source(parent, fate, is_alone=kinds.get(parent) == _PLAIN_TABLE)
            return orphans(self._source(kinds), keys, parents, parent_keys, is_full=is_full)

        return self._question(sql, parent)

    def _source(self, kinds: Mapping[str, str]) -> str:
        relation = self._change.relation
        return source(relation, self._fate, is_alone=kinds.get(relation) == _PLAIN_TABLE)

    def _question(self, sql: Callable[[Mapping[str, str]], str], *others: str) -> Question:
        tables = (self._change.relation, *others)
        before = (self._today.written, self._today.moved)
        return Question(self._statement.revision, self._probe(), tables, sql, *before)

    def _unasked(self, why_not: str) -> Question:
        return Question(self._statement.revision, replace(self._probe(), why_not=why_not))

    def _probe(self) -> Probe:
        about = self._change.name
        if self._asks in {"unique", "foreign_key"}:
            about = ", ".join(self._definition.keys)
        elif self._asks in {"not_null", "type"}:
            about = ", ".join(self._change.columns)
        file, line = self._statement.file, self._statement.line
        return Probe(self._change.relation, self._asks, about, None, file=file, line=line)


_MAKERS: Mapping[str, Callable[[_Maker], Question]] = {
    "not_null": _Maker.not_null,
    "unique": _Maker.unique,
    "foreign_key": _Maker.foreign_key,
    "check": _Maker.check,
    "type": _Maker.type,
}


def _name(text: str) -> str:
    """Return the name that SQL has as *text*."""
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
