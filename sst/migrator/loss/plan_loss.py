"""The loss of a plan, revision by revision: its SQL preview, read and measured."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sst.db.sql_tokens import statements
from sst.migrator.loss.effect import WITH_DATA, Effect, Rename
from sst.migrator.loss.effects import effects
from sst.migrator.loss.measure import Measure, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.bridge import EnvFacts, Step, StepSql
    from sst.migrator.loss.effect import Found, Unknown
    from sst.migrator.loss.measure import Dependent
    from sst.migrator.loss.reading import Name
    from sst.migrator.session.inspection import DatabaseInspection
    from sst.migrator.values.context import Context

_IN_ROWS = {"table", "column", "materialized view"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is taken away, and what is in it now."""

    effect: Effect
    rows: Rows | None = None
    """None for what has no rows."""
    dependents: tuple[Dependent, ...] | None = ()
    """What goes with it, outside of what is named; None when that could not be asked."""
    last_value: int | None = None
    """Of a sequence."""


@dataclass(frozen=True, slots=True)
class RevisionLoss:
    """What one revision takes away."""

    revision: str
    description: str
    items: tuple[Item, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    """What holds no data, by kind: indexes, constraints, functions."""
    unknown: tuple[str, ...] = ()
    """Why there may be more than this."""


def plan_loss(
    context: Context, inspection: DatabaseInspection, steps: Sequence[Step]
) -> tuple[RevisionLoss, ...]:
    """Return what each of *steps* takes away, in their order; the database is only read."""
    scripts = context.project.sql(steps, context.url)
    facts = context.facts(inspection.connection)
    inspection.connection.rollback()
    reader = _Reader(Measure(inspection.connection), facts)
    return tuple(reader.loss(step, script) for step, script in zip(steps, scripts, strict=True))


class _Reader:
    """Reads one preview after the other; a name that changes in one is followed in the next."""

    def __init__(self, measure: Measure, facts: EnvFacts) -> None:
        self._measure = measure
        self._facts = facts
        self._tables: dict[Name, Name] = {}
        """The name of now, by the name that a table has got."""
        self._columns: dict[tuple[Name, str], str] = {}

    def loss(self, step: Step, script: StepSql) -> RevisionLoss:
        """Return what *step* takes away."""
        revision, description = step.revision.id, step.revision.description
        if script.sql is None:
            return RevisionLoss(revision, description, unknown=(script.reason or "no preview",))
        items: list[Item] = []
        others: Counter[str] = Counter()
        unknown: list[str] = []
        for found in self._effects(script.sql):
            if isinstance(found, Rename):
                self._follow(found)
            elif not isinstance(found, Effect):
                unknown += self._unless_harmless(found)
            elif found.kind in WITH_DATA:
                items.append(self._item(found))
            else:
                others[found.kind] += 1
        return RevisionLoss(
            revision, description, tuple(items), others, tuple(dict.fromkeys(unknown))
        )

    def _unless_harmless(self, found: Unknown) -> tuple[str, ...]:
        is_harmless = found.function and self._measure.is_harmless(found.function)
        return () if is_harmless else (found.why,)

    def _effects(self, sql: str) -> Iterator[Effect | Rename | Unknown]:
        for statement in statements(sql):
            for found in effects(statement):
                if not self._is_bookkeeping(found):
                    yield found

    def _is_bookkeeping(self, found: Found) -> bool:
        """Say whether it is about the version table, which every step moves."""
        if not isinstance(found, Effect) or found.kind != "table":
            return False
        *schema, name = found.name or ("",)
        is_there = not schema or schema[-1] == (self._facts.version_schema or schema[-1])
        return name == self._facts.version_table and is_there

    def _follow(self, rename: Rename) -> None:
        if rename.column:
            key = (rename.name, rename.column)
            self._columns[rename.name, rename.new_column] = self._columns.get(key, rename.column)
            return
        self._tables[rename.new] = self._tables.get(rename.name, rename.name)
        for (table, column), old in [*self._columns.items()]:
            if table == rename.name:
                self._columns[rename.new, column] = old

    def _item(self, effect: Effect) -> Item:
        now = replace(
            effect,
            name=self._tables.get(effect.name, effect.name),
            column=self._columns.get((effect.name, effect.column), effect.column),
        )
        takes_it_whole = effect.verb in {"drops", "empties"}
        dependents = self._measure.dependents(now) if takes_it_whole else ()
        rows, last_value = None, None
        if effect.kind in _IN_ROWS:
            rows = self._measure.rows(now)
        elif effect.kind == "sequence":
            last_value = self._measure.last_value(now.name)
        elif self._measure.exists(now) is False:
            rows = Rows(None, is_missing=True)
        return Item(effect, rows, dependents, last_value)
