"""Columns: those that let the table be written anew, and those that running code misses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.hooks import ChangeKind, sql_text

from . import code, form, steps
from .seen import Seen, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import Change, Finding

    from .form import Tokens

_SHORTER = re.compile(r"character varying\((\d+)\)")
_VIRTUAL = 18
"""The first major version with generated columns that are not stored."""
_ENDS_DEFAULT = (
    *("not", "null", "check", "unique", "primary", "references", "constraint", "collate"),
    "generated",
)
_SAME_IN_EACH_ROW = ("true", "false", "null", "current_timestamp", "current_date", "now")


def judge(seen: Seen) -> Iterator[Finding]:
    """Give what the rules on columns have against a statement."""
    for change in seen.statement.changes:
        if change.kind is ChangeKind.DROP_COLUMN:
            yield _dropped(change)
        elif change.kind is ChangeKind.RENAME_COLUMN:
            yield _renamed(change)
        else:
            yield from _worked(seen, change)


def _worked(seen: Seen, change: Change) -> Iterator[Finding]:
    is_type = change.kind is ChangeKind.CHANGE_TYPE
    if seen.is_worked_on(change.relation, seen.rewritten):
        yield from _rewrite(seen, change)
    elif is_type and seen.is_worked_on(change.relation, seen.scanned):
        yield _type(seen, change, "scans it")


def _dropped(change: Change) -> Finding:
    column = f"{code.shown(change.relation)}.{change.name}"
    what = f"it drops {column}, which code that is running may still read or write"
    return finding("column-dropped", what)


def _renamed(change: Change) -> Finding:
    column = f"{code.shown(change.relation)}.{change.name}"
    what = f"it renames {column}, which code that is running reads and writes by that name"
    return finding("column-renamed", what)


def _rewrite(seen: Seen, change: Change) -> Iterator[Finding]:
    if change.kind is ChangeKind.CHANGE_TYPE:
        yield _type(seen, change, "writes the table anew")
    elif change.kind is ChangeKind.ADD_COLUMN and not seen.changes(ChangeKind.CHANGE_TYPE):
        added = _definition(seen, change)
        why, instead = _way(seen, change, added)
        if why:
            what = (
                f"it adds the column {change.name}, {why}, and writes "
                f"{code.shown(change.relation)} anew while reads and writes wait"
            )
            yield finding("column-rewrite", what, instead)


def _type(seen: Seen, change: Change, work: str) -> Finding:
    table = code.shown(change.relation)
    what = (
        f"it changes {table}.{change.name} to {change.definition} and {work} "
        f"while {seen.waits(change.relation)} wait"
    )
    if match := _SHORTER.fullmatch(change.definition):
        name = code.made_name(code.parts(change.relation)[-1], change.name, "length")
        condition = f"char_length({code.ident(change.name)}::text) <= {match[1]}"
        checked = steps.check(change.relation, condition, name)
        instead = code.in_a_row(checked, steps.validated(change.relation, name))
        return finding("type-rewrite", what, instead)
    return finding("type-rewrite", what, _another_column(seen, change))


def _another_column(seen: Seen, change: Change) -> str:
    """Return the revisions that fill a column of the new type; the code moves to it then."""
    table, new = code.shown(change.relation), code.made_name(change.name, "new")
    column, value = code.ident(new), _converted(seen, change)
    added = code.execute(f"ALTER TABLE {table} ADD COLUMN {column} {change.definition}")
    of_row = f"(SELECT {value} FROM (SELECT NEW.*) AS new_row)"
    kept = steps.kept_in_step(change.relation, new, of_row)
    write = f"UPDATE {table} SET {column} = {value}"
    filled = steps.backfill(change.relation, write, _differs(column, value, change))
    after = f"# then let the code use {new}, and drop {change.name} in a later release"
    return code.in_a_row(f"{added}\n{kept}", f"{filled}\n{after}")


def _differs(column: str, value: str, change: Change) -> str:
    """Return the condition that *column*, of the type that *change* gives, has not *value*.

    Not every type has an operator for it, such as json; and that of a box looks at its area.
    """
    is_typed = value.endswith(f"::{change.definition}")
    typed = value if is_typed else f"({value})::{change.definition}"
    return f"{column}::text IS DISTINCT FROM {typed}::text"


def _converted(seen: Seen, change: Change) -> str:
    """Return the expression by which a value gets its new type."""
    for piece in seen.pieces:
        for part in form.parted(form.after(piece, "alter table") or ()):
            using = form.after(part, "using")
            named = form.after(part, "alter column?")
            if using and named and form.name(named)[0] == (change.name,):
                return sql_text(using)
    return f"{code.ident(change.name)}::{change.definition}"


def _definition(seen: Seen, change: Change) -> Tokens:
    """Return what the text says of the column that *change* adds, behind its name."""
    for piece in seen.pieces:
        rest = form.after(piece, "alter table")
        for part in form.parted(rest or ()):
            words = form.after(part, "add column? if? not? exists?")
            if words is None:
                continue
            name, definition = form.name(words)
            if name == (change.name,):
                return definition
    return ()


def _way(seen: Seen, change: Change, definition: Tokens) -> tuple[str, str]:
    """Return why a column lets its table be written anew, in words, and safe code for it."""
    if form.after(definition, "as identity") is not None:
        return "whose values an identity gives", _identity(seen, change, definition)
    generated = form.after(definition, "generated always? as")
    if generated and generated[0].is_sign("("):
        expression = sql_text(form.in_parentheses(generated)[0])
        return "which is generated and stored", _generated(seen, change, expression)
    default = form.after(definition, "default")
    value = form.until(default, *_ENDS_DEFAULT)[0] if default else ()
    if value and not _is_constant(value):
        text = sql_text(value)
        why = f"whose default {text} is another value in each row"
        return why, code.in_a_row(*_by_default(seen, change, definition, text))
    serial = definition and definition[0].is_word("serial", "bigserial", "smallserial")
    if serial:
        return "whose values a sequence gives", code.in_a_row(*_sequence(seen, change))
    return "" if definition else "whose values are computed for each row", ""


def _is_constant(value: Tokens) -> bool:
    first = value[0]
    return first.kind in {"string", "number"} or first.is_word(*_SAME_IN_EACH_ROW)


def _by_default(seen: Seen, change: Change, definition: Tokens, default: str) -> list[str]:
    """Return the revisions that add a column, give it *default*, and then fill the old rows."""
    table, column = code.shown(change.relation), code.ident(change.name)
    added = (
        f"ALTER TABLE {table} ADD COLUMN {column} {change.definition}",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}",
    )
    is_required = form.after(definition, "not null") is not None
    return [
        "\n".join(map(code.execute, added)),
        _filled(change),
        *(steps.not_null(change.relation, (change.name,), seen.major) if is_required else ()),
    ]


def _filled(change: Change) -> str:
    column = code.ident(change.name)
    write = f"UPDATE {code.shown(change.relation)} SET {column} = DEFAULT"
    return steps.backfill(change.relation, write, f"{column} IS NULL")


def _generated(seen: Seen, change: Change, expression: str) -> str:
    table, column = code.shown(change.relation), code.ident(change.name)
    if seen.major >= _VIRTUAL:
        return code.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} {change.definition} "
            f"GENERATED ALWAYS AS ({expression}) VIRTUAL"
        )
    added = code.execute(f"ALTER TABLE {table} ADD COLUMN {column} {change.definition}")
    value = f"(SELECT {expression} FROM (SELECT NEW.*) AS new_row)"
    kept = steps.kept_in_step(change.relation, change.name, value)
    write = f"UPDATE {table} SET {column} = {expression}"
    filled = steps.backfill(change.relation, write, _differs(column, expression, change))
    return code.in_a_row(f"{added}\n{kept}", filled)


def _sequence(seen: Seen, change: Change) -> list[str]:
    """Return the revisions that give a column the values of a sequence of its own."""
    table, column = code.shown(change.relation), code.ident(change.name)
    sequence = _in_schema(change, _made(change))
    text = sequence.replace("'", "''")
    made = (
        f"CREATE SEQUENCE {sequence}",
        f"ALTER TABLE {table} ADD COLUMN {column} {change.definition}",
        f"ALTER SEQUENCE {sequence} OWNED BY {table}.{column}",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval('{text}')",
    )
    required = steps.not_null(change.relation, (change.name,), seen.major)
    return ["\n".join(map(code.execute, made)), _filled(change), *required]


def _identity(seen: Seen, change: Change, definition: Tokens) -> str:
    """Return the revisions that fill a column from a sequence, which then is an identity."""
    table, column = code.shown(change.relation), code.ident(change.name)
    when = "ALWAYS" if form.after(definition, "generated always") is not None else "BY DEFAULT"
    place = f"'{table}', '{change.name}'"
    made, old = _in_schema(change, _made(change)), _made(change, "old")
    there = _in_schema(change, old)
    value = "nextval('{}')".format(there.replace("'", "''"))
    become = (
        f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT",
        f"ALTER SEQUENCE {made} OWNED BY NONE",
        f"ALTER SEQUENCE {made} RENAME TO {code.ident(old)}",
        f"ALTER TABLE {table} ALTER COLUMN {column} ADD GENERATED {when} AS IDENTITY",
        f"SELECT setval(pg_get_serial_sequence({place}), {value})",
        f"DROP SEQUENCE {there}",
    )
    return code.in_a_row(*_sequence(seen, change), "\n".join(map(code.execute, become)))


def _made(change: Change, *more: str) -> str:
    """Return the name of the sequence of a column that *change* adds."""
    return code.made_name(code.parts(change.relation)[-1], change.name, "seq", *more)


def _in_schema(change: Change, name: str) -> str:
    """Return *name* for SQL, in the schema of the table of *change*."""
    schema = code.parts(change.relation)[0]
    return code.ident(name) if schema == "public" else f"{code.ident(schema)}.{code.ident(name)}"
