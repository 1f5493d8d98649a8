"""Constraints that are proven for all rows while somebody waits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sst.hooks import ChangeKind

from . import code, steps
from .seen import Seen, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import Change, Finding

_FOREIGN_KEY = re.compile(
    r"FOREIGN KEY \(([^()]*)\) REFERENCES ([^()]*)\(([^()]*)\)(.*)", re.DOTALL
)
_KEY = re.compile(r"(?:UNIQUE|PRIMARY KEY)( NULLS NOT DISTINCT)? \(([^()]*)\)(.*)", re.DOTALL)
_CHECK = re.compile(r"CHECK \((.*)\)(?: NO INHERIT)?", re.DOTALL)
_INHERITED = re.compile(r"NO INHERIT\s*$")


def judge(seen: Seen) -> Iterator[Finding]:
    """Give what the rules on constraints have against a statement."""
    if not seen.scanned:
        return
    for change in seen.statement.changes:
        if change.kind is ChangeKind.VALIDATE:
            yield from _validated(seen, change)
        elif change.is_valid and not seen.is_worked_on(change.relation, seen.rewritten):
            rule = _RULES.get(change.kind)
            for found in rule(seen, change) if rule else ():
                yield replace(found, instead=seen.behind_columns(found.instead))


def _foreign_key(seen: Seen, change: Change) -> Iterator[Finding]:
    if change.relation not in seen.scanned:
        return
    match = _FOREIGN_KEY.fullmatch(change.definition)
    parent = code.shown(match[2]) if match else "the table that it refers to"
    what = (
        f"it adds a foreign key and scans {code.shown(change.relation)} for it, "
        f"while writes to it and to {parent} wait"
    )
    is_plain = match is not None and not match[4]
    added = _foreign_key_call(change, match) if match and is_plain else _not_valid(change)
    checked = steps.validated(change.relation, change.name)
    yield finding("foreign-key-scan", what, code.in_a_row(added, checked))


def _not_valid(change: Change) -> str:
    """Return the call that adds the constraint of *change* for the rows of the future."""
    name = f"{code.shown(change.relation)} ADD CONSTRAINT {code.ident(change.name)}"
    return code.execute(f"ALTER TABLE {name} {change.definition} NOT VALID")


def _foreign_key_call(change: Change, match: re.Match[str]) -> str:
    parent = match[2]
    schemas = code.schema_of(change.relation).replace("schema", "source_schema")
    if len(code.parts(parent)) > 1:
        schemas += code.schema_of(parent).replace("schema", "referent_schema")
    return code.call(
        "op.create_foreign_key",
        f"op.f({code.text(change.name)})",
        code.table(change.relation),
        code.table(parent),
        code.texts(_listed(match[1])),
        code.texts(_listed(match[3])) + schemas,
        "postgresql_not_valid=True",
    )


def _listed(columns: str) -> tuple[str, ...]:
    return tuple(code.parts(each.strip())[0] for each in columns.split(","))


def _check(seen: Seen, change: Change) -> Iterator[Finding]:
    if not seen.is_worked_on(change.relation, seen.scanned):
        return
    match = _CHECK.fullmatch(change.definition)
    if match and not _INHERITED.search(change.definition):
        added = steps.check(change.relation, _bare(match[1]), change.name)
    else:
        added = _not_valid(change)
    checked = steps.validated(change.relation, change.name)
    if seen.is_on_new_columns(change):
        column = change.columns[0] if change.columns else change.name
        what = (
            f"it adds the column {column} with a check, and scans {code.shown(change.relation)} "
            f"for it while {seen.waits(change.relation)} wait"
        )
        yield finding("column-check-scan", what, _with_column(seen, change, added, checked))
        return
    what = (
        f"it adds a check and scans {code.shown(change.relation)} for it, "
        f"while {seen.waits(change.relation)} wait"
    )
    yield finding("check-scan", what, code.in_a_row(added, checked))


def _with_column(seen: Seen, change: Change, added: str, checked: str) -> str:
    """Return the revisions that add the column of *change* first, and its check then."""
    types = {
        each.name: each.definition
        for each in seen.changes(ChangeKind.ADD_COLUMN)
        if each.relation == change.relation and each.name in change.columns
    }
    if not types or not all(types.values()):
        return ""
    columns = ", ".join(
        f"ADD COLUMN {code.ident(name)} {column_type}" for name, column_type in types.items()
    )
    table = code.shown(change.relation)
    return code.in_a_row(
        "\n".join((code.execute(f"ALTER TABLE {table} {columns}"), added)), checked
    )


def _bare(condition: str) -> str:
    """Return *condition* without the parentheses that are around all of it."""
    while condition.startswith("(") and condition.endswith(")"):
        depth = 0
        for at, sign in enumerate(condition):
            depth += (sign == "(") - (sign == ")")
            if not depth and at < len(condition) - 1:
                return condition
        condition = condition[1:-1]
    return condition


def _not_null(seen: Seen, change: Change) -> Iterator[Finding]:
    columns = change.columns or (change.name,)
    keys = seen.changes(ChangeKind.ADD_PRIMARY_KEY)
    is_of_key = any(set(columns) <= set(each.columns) for each in keys)
    if is_of_key or not seen.is_worked_on(change.relation, seen.scanned):
        return
    if seen.is_on_new_columns(change):
        yield _without_default(seen, change)
        return
    what = (
        f"it makes {code.shown(change.relation)}.{columns[0]} NOT NULL and scans the table "
        f"for it, while {seen.waits(change.relation)} wait"
    )
    ways = steps.not_null(change.relation, columns, seen.major)
    yield finding("not-null-scan", what, code.in_a_row(*ways))


def _without_default(seen: Seen, change: Change) -> Finding:
    """Say that a column comes without a value for the rows that are there."""
    [column] = change.columns or (change.name,)
    what = (
        f"it adds the column {column} as NOT NULL without a default, "
        f"which fails on the first row of {code.shown(change.relation)}"
    )
    types = [
        each.definition for each in seen.changes(ChangeKind.ADD_COLUMN) if each.name == column
    ]
    added = f"ADD COLUMN {code.ident(column)} {types[0]}"
    return finding(
        "not-null-scan",
        what,
        code.in_a_row(
            code.execute(f"ALTER TABLE {code.shown(change.relation)} {added}"),
            "# fill the column, in batches that commit",
            *steps.not_null(change.relation, (column,), seen.major),
        ),
    )


def _unique(seen: Seen, change: Change) -> Iterator[Finding]:
    is_constraint = seen.blocked.get(change.relation) == "reads and writes"
    if not is_constraint or change.relation not in seen.scanned:
        return  # an index by itself, of which writes alone have to wait
    kind = "primary key" if change.kind is ChangeKind.ADD_PRIMARY_KEY else "unique constraint"
    what = (
        f"it builds the index of a {kind} on {code.shown(change.relation)}, "
        "while reads and writes wait"
    )
    yield finding("unique-scan", what, _by_index(seen, change))


def _by_index(seen: Seen, change: Change) -> str:
    table, name = code.shown(change.relation), code.ident(change.name)
    match = _KEY.fullmatch(change.definition)
    if seen.is_on_new_columns(change) or not match or "INCLUDE" in match[3]:
        return _column_first(seen, change) if match and not match[3] else ""
    word = "PRIMARY KEY" if change.kind is ChangeKind.ADD_PRIMARY_KEY else "UNIQUE"
    nulls = ("postgresql_nulls_not_distinct=True",) if match[1] else ()
    index = steps.index(change.relation, change.name, change.columns, is_unique=True, more=nulls)
    added = f"ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {name}{match[3]}"
    before = _required_first(seen, change)
    return code.in_a_row(*before, index, code.execute(added))


def _required_first(seen: Seen, change: Change) -> list[str]:
    """Return the revisions that make the columns of a primary key NOT NULL, where they are not."""
    open_columns = tuple(
        name
        for each in seen.changes(ChangeKind.ADD_NOT_NULL)
        for name in (each.columns or (each.name,))
        if each.relation == change.relation and name in change.columns
    )
    if not open_columns:
        return []
    return steps.not_null(change.relation, open_columns, seen.major)


def _column_first(seen: Seen, change: Change) -> str:
    added = [
        each
        for each in seen.changes(ChangeKind.ADD_COLUMN)
        if each.relation == change.relation and each.name in change.columns
    ]
    if len(added) != 1 or not added[0].definition or change.kind is ChangeKind.ADD_PRIMARY_KEY:
        return ""
    table, name = code.shown(change.relation), code.ident(change.name)
    column = f"ALTER TABLE {table} ADD COLUMN {code.ident(added[0].name)} {added[0].definition}"
    return code.in_a_row(
        code.execute(column),
        steps.index(change.relation, change.name, change.columns, is_unique=True),
        code.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}"),
    )


def _exclusion(_seen: Seen, change: Change) -> Iterator[Finding]:
    what = (
        f"it builds the index of an exclusion constraint on {code.shown(change.relation)}, "
        "while reads and writes wait"
    )
    yield finding("unique-scan", what)


def _validated(seen: Seen, change: Change) -> Iterator[Finding]:
    locked = change.relation if change.relation in seen.blocked else next(iter(seen.blocked))
    what = (
        f"it scans {code.shown(change.relation)} to validate {change.name}, while "
        f"{seen.blocked[locked]} of {code.shown(locked)} wait for a lock that the transaction "
        "has taken before"
    )
    alone = code.in_a_row(steps.validated(change.relation, change.name))
    yield finding("validate-with-add", what, alone)


_RULES = {
    ChangeKind.ADD_FOREIGN_KEY: _foreign_key,
    ChangeKind.ADD_CHECK: _check,
    ChangeKind.ADD_NOT_NULL: _not_null,
    ChangeKind.ADD_UNIQUE: _unique,
    ChangeKind.ADD_PRIMARY_KEY: _unique,
    ChangeKind.ADD_EXCLUSION: _exclusion,
}
