"""The changes of a table, by its shape before and after a statement.

However a statement is written, in a loop, a function or a DO block: the catalogue has what it did.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sst.hooks.contract.plan.statement import Change, ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sst.migrator.rehearsal.observed.tables import Column, Rule, Table, TextKey

_ADDED = {
    "c": ChangeKind.ADD_CHECK,
    "f": ChangeKind.ADD_FOREIGN_KEY,
    "i": ChangeKind.ADD_UNIQUE,
    "p": ChangeKind.ADD_PRIMARY_KEY,
    "u": ChangeKind.ADD_UNIQUE,
    "x": ChangeKind.ADD_EXCLUSION,
}
Draft = tuple[Change, "TextKey | None"]
"""A change, and the key of its definition where that is still to be asked."""


def drafts(number: int, first: Table, before: Table, after: Table | None) -> Iterator[Draft]:
    """Give what was done to the table *number* between *before* and *after*; None is dropped.

    *first* is the table before the plan, by which names go.
    """
    if after is None:
        yield Change(ChangeKind.DROP_TABLE, first.name), None
        return
    if before.name != after.name:
        yield Change(ChangeKind.RENAME_TABLE, first.name, definition=after.name), None
    names = {each: column.name for each, column in {**after.columns, **first.columns}.items()}
    yield from _gone_or_renamed(first, before, after)
    yield from _new_or_other(number, first, before, after)
    for key, rule in after.rules.items():
        earlier = before.rules.get(key) or _made_again(rule, before, after)
        yield from _rule(key, first.name, earlier, rule, names)


def without_repeats(
    found: Mapping[int, Iterable[Draft]], tables: Mapping[int, Table]
) -> list[Draft]:
    """Return *found*, by table, without what a partition has from its parent in *tables*."""
    own = {number: {_sort(each) for each, _ in drafts} for number, drafts in found.items()}
    return [
        (change, key)
        for number, each in found.items()
        for change, key in each
        if not any(_sort(change) in own.get(parent, ()) for parent in tables[number].parents)
    ]


def defined(found: Iterable[Draft], texts: Mapping[TextKey, str]) -> tuple[Change, ...]:
    """Return the changes of *found*, with their definitions from *texts*."""
    return tuple(
        replace(change, definition=texts.get(key, "")) if key else change for change, key in found
    )


def _sort(change: Change) -> tuple[ChangeKind, tuple[str, ...]]:
    return change.kind, change.columns or (change.definition or change.name,)


def _gone_or_renamed(first: Table, before: Table, after: Table) -> Iterator[Draft]:
    for each, old in before.columns.items():
        name = first.columns.get(each, old).name
        now = after.columns.get(each)
        if now is None:
            yield Change(ChangeKind.DROP_COLUMN, first.name, name, (name,)), None
        elif now.name != old.name:
            yield Change(ChangeKind.RENAME_COLUMN, first.name, name, (name,), now.name), None


def _new_or_other(number: int, first: Table, before: Table, after: Table) -> Iterator[Draft]:
    for each, column in after.columns.items():
        name = first.columns.get(each, column).name
        for kind in _of_column(before.columns.get(each), column):
            change = Change(kind, first.name, name, (name,))
            if kind is ChangeKind.ADD_NOT_NULL:
                yield replace(change, is_valid=_is_not_null_valid(after, each)), None
            else:
                yield change, ("type", number, each)


def _of_column(before: Column | None, after: Column) -> Iterator[ChangeKind]:
    if before is None:
        yield ChangeKind.ADD_COLUMN
    elif (before.type, before.collation) != (after.type, after.collation):
        yield ChangeKind.CHANGE_TYPE
    # A new column that has a value in every row need not be looked at.
    was_free = not before.is_not_null if before else not after.has_value
    if after.is_not_null and was_free:
        yield ChangeKind.ADD_NOT_NULL


def _is_not_null_valid(table: Table, column: int) -> bool:
    """Say whether the rows that are there obey: PostgreSQL 18 has a constraint behind NOT NULL."""
    rules = (each for each in table.rules.values() if each.kind == "n")
    return all(each.is_valid for each in rules if each.columns == (column,))


def _made_again(rule: Rule, before: Table, after: Table) -> Rule | None:
    """Return what *rule* was before the type of one of its columns was changed."""
    columns = [each for each in rule.columns if each in before.columns and each in after.columns]
    if all(before.columns[each].type == after.columns[each].type for each in columns):
        return None
    same = (rule.name, rule.kind)
    return next((each for each in before.rules.values() if (each.name, each.kind) == same), None)


def _rule(
    number: int, table: str, before: Rule | None, after: Rule, names: Mapping[int, str]
) -> Iterator[Draft]:
    columns = tuple(names[each] for each in after.columns if each in names)
    key: TextKey = ("index" if after.kind == "i" else "constraint", number, 0)
    kind = _ADDED.get(after.kind)
    if after.kind == "i":
        is_new = after.is_valid and not (before and before.is_valid)
    else:
        is_new = before is None
        if before and after.is_valid and not before.is_valid:
            kind, is_new = ChangeKind.VALIDATE, True
    if kind and is_new:
        yield Change(kind, table, after.name, columns, is_valid=after.is_valid), key
