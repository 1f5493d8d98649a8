"""Rules that go by words alone: those of taste, and those on statements that were not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import form
from .seen import Seen, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import Finding

    from .form import Tokens

_INTEGERS = ("int", "int4", "integer", "serial", "serial4", "smallint", "smallserial")
_SCANS = "scans the table while others wait"
_REWRITES = "writes the table anew while reads and writes wait"
_IN_USE = "takes away what running code may use"
_CONSTRAINT = ("constraint", "primary", "unique", "check", "foreign", "exclude")
_CONSTRAINTS = (
    ("foreign key", "not valid", "foreign-key-scan"),
    ("check", "not valid", "check-scan"),
    ("primary key", "using index", "unique-scan"),
    ("unique", "using index", "unique-scan"),
    ("exclude", "using index", "unique-scan"),
)
"""By the words of ALTER TABLE ADD; the second ones spare the scan."""
_CHANGES = (
    ("set not null", "not-null-scan", _SCANS),
    ("type", "type-rewrite", _REWRITES),
    ("drop column", "column-dropped", _IN_USE),
    ("rename to", "table-renamed", _IN_USE),
    ("rename column", "column-renamed", _IN_USE),
    ("rename", "column-renamed", _IN_USE),
)
_STATEMENTS = (
    ("drop table if? exists?", "table-dropped", _IN_USE),
    ("truncate table? only?", "table-emptied", "takes all rows away"),
)
_REWRITING = ("identity", "stored", "serial", "bigserial", "smallserial")
_KNOWN_ONCE = ("now", "current_timestamp", "statement_timestamp", "transaction_timestamp")


def judge_unseen(seen: Seen) -> Iterator[Finding]:
    """Give what is against a statement whose locks are not known, by its words."""
    for piece in seen.pieces:
        for words, rule, what in _STATEMENTS:
            named = form.follows(piece, words)
            if named is not None and not _are_made_before(seen, named):
                yield _assumed(rule, what)
        altered = form.follows(piece, "alter table if? exists? only?")
        if altered is None or seen.is_made_before(form.name(altered)[0]):
            continue
        for part in form.parted(form.name(altered)[1]):
            yield from _part(part)


def _are_made_before(seen: Seen, named: Tokens) -> bool:
    """Say whether the transaction makes every table that is *named*."""
    names = [form.name(part)[0] for part in form.parted(named)]
    return all(name and seen.is_made_before(name) for name in names)


def _part(part: Tokens) -> Iterator[Finding]:
    added = form.follows(part, "add")
    if added and not added[0].is_word(*_CONSTRAINT):
        yield from _column_unseen(part)
    elif added:
        for words, spares, rule in _CONSTRAINTS:
            if form.after(part, words) is not None and form.after(part, spares) is None:
                yield _assumed(rule, _SCANS)
                return
    elif form.follows(part, "rename constraint") is None:
        found = [each for each in _CHANGES if form.after(part, each[0]) is not None]
        yield from (_assumed(rule, what) for _, rule, what in found[:1])


def _column_unseen(part: Tokens) -> Iterator[Finding]:
    """Say whether a column that ALTER TABLE adds has values that differ from row to row."""
    default = form.after(part, "default") or ()
    is_called = len(default) > 1 and default[0].kind == "word" and default[1].is_sign("(")
    is_volatile = is_called and not default[0].is_word(*_KNOWN_ONCE)
    if is_volatile or any(token.is_word(*_REWRITING) for token in part):
        yield _assumed("column-rewrite", _REWRITES)
    elif any(token.is_word("check") for token in part):
        yield _assumed("column-check-scan", _SCANS)


def _assumed(rule: str, what: str) -> Finding:
    text = f"it {what} (assumed by its words: it was not seen at work)"
    return finding(rule, text, is_certain=False)


def judge_taste(seen: Seen) -> Iterator[Finding]:
    """Give what the rules of taste have against a statement."""
    for piece in seen.pieces:
        if form.follows(piece, "create type") is not None and form.after(piece, "as enum"):
            what = "it makes an enum: labels keep the order they are written in and never go"
            yield finding("enum-order", what, "# sa.Text, with a check that can be changed")
        columns = _columns(piece)
        keys = {name for each in columns for name in _key(each)}
        for column in columns:
            yield from _taste(column, keys)


def _columns(piece: Tokens) -> list[Tokens]:
    """Return the definitions of the columns that a statement makes, each with its name."""
    if (words := form.follows(piece, "create unlogged? table if? not? exists?")) is not None:
        return form.parted(form.in_parentheses(form.name(words)[1])[0])
    parts = form.parted(form.after(piece, "alter table") or ())
    found = [form.after(part, "add column? if? not? exists?") for part in parts]
    return [each for each in found if each]


def _key(part: Tokens) -> set[str]:
    """Return the column of the primary key that a part of a definition names, if it is one."""
    words = form.after(part, "primary key")
    if words is None:
        return set()
    inside = form.in_parentheses(words)[0]
    return {each.text for each in inside or part[:1]} if len(inside) <= 1 else set()


def _taste(column: Tokens, keys: set[str]) -> Iterator[Finding]:
    if len(column) < 2:  # noqa: PLR2004 - a name and a type
        return
    name, definition = column[0].text, column[1:]
    if definition[0].is_word("json"):
        what = f"{name} is json, which has no equality and no index"
        yield finding("json-column", what, "# postgresql.JSONB instead of sa.JSON")
    is_without_zone = form.after(definition, "with time zone") is None
    if definition[0].is_word("timestamp") and is_without_zone:
        what = f"{name} is a timestamp without time zone: its moment depends on who reads it"
        yield finding("timestamp-without-zone", what, "# sa.DateTime(timezone=True)")
    if definition[0].is_word(*_INTEGERS) and name in keys:
        what = f"the primary key {name} ends at two thousand million"
        yield finding("int-primary-key", what, "# sa.BigInteger")
