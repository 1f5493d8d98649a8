"""Tables: dropped, renamed, emptied, written whole, and new ones that lock old ones."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sst.hooks import ChangeKind, sql_text

from . import code, form, steps
from .seen import ASSUMED, Seen, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import Finding

    from .form import Tokens

# Of a value in SET: what may be another one at each look, or no expression at all.
_OF_NOW = (
    *("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"),
    *("select", "default"),
)
_REPEATABLE = (
    *("abs", "and", "btrim", "case", "cast", "char", "coalesce", "concat", "decimal", "else"),
    *("greatest", "in", "least", "left", "length", "lower", "ltrim", "not", "nullif", "numeric"),
    *("or", "position", "replace", "right", "round", "rtrim", "substr", "substring", "then"),
    *("trim", "trunc", "upper", "varchar", "when"),
)
_OF_A_TYPE = (":", ".", ",", "(", ")", "[", "]")
_UNSEEN = "# sst: accept not-judged because it lets reads and writes go on"


def judge(seen: Seen) -> Iterator[Finding]:
    """Give what the rules on tables have against a statement."""
    yield from _gone(seen)
    yield from _emptied(seen)
    yield from _written(seen)
    yield from _new(seen)
    yield from _refreshed(seen)
    yield from _packed(seen)


def _gone(seen: Seen) -> Iterator[Finding]:
    for change in seen.changes(ChangeKind.DROP_TABLE):
        what = f"it drops {code.shown(change.relation)}, which code that is running may still use"
        yield finding("table-dropped", what)
    for change in seen.changes(ChangeKind.RENAME_TABLE):
        what = f"it renames {code.shown(change.relation)}, which running code uses by that name"
        yield finding("table-renamed", what)


def _emptied(seen: Seen) -> Iterator[Finding]:
    if not seen.says("truncate"):
        return
    for table in seen.rewritten:
        what = (
            f"it takes all rows of {code.shown(table)} away, and reads and writes wait "
            "until the transaction ends"
        )
        yield finding("table-emptied", what)


def _written(seen: Seen) -> Iterator[Finding]:
    """Say which UPDATE or DELETE holds all rows of a table to the end of its transaction."""
    for name, tokens in form.whole_writes(seen.pieces):
        table = seen.named(name)
        if table is None and (seen.is_seen or seen.is_made_before(name)):
            continue
        does = "deletes" if tokens[0].is_word("delete") else "writes"
        shown = code.shown(table) if table else ".".join(name)
        note = "" if table else ASSUMED
        what = f"it {does} every row of {shown} in one transaction, and who writes one waits{note}"
        instead = code.in_a_row(_in_batches(table, tokens)) if table else ""
        yield finding("whole-table-write", what, instead, is_certain=seen.is_seen)


def _in_batches(table: str, tokens: Tokens) -> str:
    """Return the code that writes in batches; nothing for what it would not fit."""
    words = form.follows(tokens, "delete from only?") or form.follows(tokens, "update only?") or ()
    rest = form.name(words)[1]
    if tokens[0].is_word("delete") and not rest:
        return steps.backfill(table, f"DELETE FROM {code.shown(table)}")
    sets = form.follows(rest, "set")
    if not sets or form.until(sets, "returning", "from")[1] or "%(" in sql_text(sets):
        return ""
    write = f"UPDATE {code.shown(table)} SET {sql_text(sets)}"
    declared: list[str] = []
    condition = _is_to_do(code.shown(table), form.parted(sets), declared)
    return steps.backfill(table, write, condition, tuple(declared)) if condition else ""


def _is_to_do(table: str, assigned: list[Tokens], declared: list[str]) -> str:
    """Return the condition that a row of *table* lacks what is *assigned*.

    A literal gets a variable of the column's type, which is *declared*: not every type has an
    operator for it, such as json.
    Nothing where a second pass could change a row again: a value of the columns that are written,
    as in `n = n + 1`, or of a function that may return another one each time.
    """
    found = [form.name(each) for each in assigned]
    names = {name[0] for name, _ in found if len(name) == 1}
    conditions = []
    for name, value in found:
        if len(name) != 1 or not value or not value[0].is_sign("="):
            return ""
        if not _is_repeatable(value[1:], names):
            return ""
        column, right = code.ident(name[0]), sql_text(value[1:])
        if _is_literal(value[1:]):
            variable = f"_value_{len(declared) + 1}" if declared else "_value"
            declared.append(f"{variable} {table}.{column}%TYPE := {right}")
            column, right = f"{column}::text", f"{variable}::text"
        elif len(value[1:]) > 1:
            right = f"({right})"
        conditions.append(f"{column} IS DISTINCT FROM {right}")
    condition = " OR ".join(conditions)
    return f"({condition})" if len(conditions) > 1 else condition


def _is_literal(value: Tokens) -> bool:
    """Say whether *value* is a text, or is one of a type that is named: `'{}'::json`."""
    return value[0].kind == "string" and all(
        token.kind in {"word", "name", "number"} or token.text in _OF_A_TYPE for token in value[1:]
    )


def _is_repeatable(value: Tokens, written: set[str]) -> bool:
    """Say whether *value* is the same each time, also when the columns *written* are."""
    words = [token for token in value if token.kind in {"word", "name"}]
    if any(token.text in written or token.is_word(*_OF_NOW) for token in words):
        return False
    return all(
        token.is_word(*_REPEATABLE)
        for token, following in pairwise(value)
        if following.is_sign("(") and token.kind in {"word", "name"}
    )


def _new(seen: Seen) -> Iterator[Finding]:
    """Say which old tables a new one locks, or a partition that is taken off."""
    for piece in seen.pieces:
        partition = form.after(piece, "partition of")
        if form.follows(piece, "create") is not None and partition:
            yield from _partition(seen, piece, partition)
        elif form.follows(piece, "create unlogged? table") is not None:
            yield from _reference(seen, piece)
        elif form.after(piece, "detach partition") is not None:
            yield from _detached(seen, piece)


def _partition(seen: Seen, piece: Tokens, rest: Tokens) -> Iterator[Finding]:
    parent, bounds = form.name(rest)
    table = seen.named(parent)
    if table is None or table not in seen.own:
        return
    what = (
        f"it makes a partition of {code.shown(table)}, of which all reads and writes wait "
        "until the transaction ends"
    )
    words = form.follows(piece, "create table") or ()
    named = form.name(form.follows(words, "if not exists") or words)[0]
    name = ".".join(map(code.ident, named))
    limits = sql_text(form.until(bounds, "partition", "with", "tablespace", "using")[0])
    made = code.execute(
        f"CREATE TABLE {name} (LIKE {code.shown(table)} INCLUDING ALL EXCLUDING IDENTITY)"
    )
    attached = code.execute(f"ALTER TABLE {code.shown(table)} ATTACH PARTITION {name} {limits}")
    is_plain = bool(named) and bool(bounds) and bounds[0].is_word("for", "default")
    instead = f"{made}\n{attached}" if is_plain else ""
    yield finding("partition-locks-parent", what, instead)


def _detached(seen: Seen, piece: Tokens) -> Iterator[Finding]:
    if piece[-1].is_word("concurrently", "finalize") or not seen.own:
        return
    parent = seen.named(form.name(form.follows(piece, "alter table if? exists? only?") or ())[0])
    if parent is None:
        return
    what = f"it takes a partition off {code.shown(parent)}, and all reads and writes of it wait"
    part = sql_text(form.after(piece, "detach partition") or ())
    sql = f"ALTER TABLE {code.shown(parent)} DETACH PARTITION {part} CONCURRENTLY"
    instead = code.in_a_row(code.autocommit(_UNSEEN, code.execute(sql)))
    yield finding("partition-locks-parent", what, instead)


def _reference(seen: Seen, piece: Tokens) -> Iterator[Finding]:
    parents = [each for each in seen.own if seen.own[each] == "writes"]
    if not parents or form.after(piece, "references") is None:
        return
    shown = " and ".join(map(code.shown, parents))
    what = f"it makes a table that refers to {shown}: writes there wait until the transaction ends"
    yield finding("new-table-locks-parent", what, _without_references(piece))


def _without_references(piece: Tokens) -> str:
    """Return the revisions that make the table first and its foreign keys then, each alone."""
    words = form.follows(piece, "create unlogged? table") or ()
    name, rest = form.name(form.follows(words, "if not exists") or words)
    inside, tail = form.in_parentheses(rest)
    parts, added = [], []
    for part in form.parted(inside):
        kept, key = _split(part)
        if kept:
            parts.append(sql_text(kept))
        if key:
            added.append(key)
    if any(not key for key in added) or tail:
        return ""
    table = ".".join(map(code.ident, name))
    kind = "UNLOGGED TABLE" if piece[1].is_word("unlogged") else "TABLE"
    made = code.execute(f"CREATE {kind} {table} ({', '.join(parts)})")
    keys = [code.execute(f"ALTER TABLE {table} ADD {each}") for each in added]
    return code.in_a_row(made, *keys)


def _split(part: Tokens) -> tuple[Tokens, str]:
    """Return a part of CREATE TABLE without its foreign key, and that as ALTER TABLE has it."""
    if form.after(part, "foreign key") is not None:
        return (), sql_text(part)
    before, rest = form.until(part, "references")
    if not rest:
        return part, ""
    if len(before) > 1 and before[-2].is_word("constraint"):
        before = before[:-2]
    column = before[0]
    key, after = _end_of_key(rest)
    return (*before, *after), f"FOREIGN KEY ({column.sql}) {sql_text(key)}"


def _end_of_key(tokens: Tokens) -> tuple[Tokens, Tokens]:
    """Return `REFERENCES ...` and what of the column's definition follows it."""
    _, rest = form.name(tokens[1:])
    _, rest = form.in_parentheses(rest)
    while rest:
        action = form.follows(rest, "on delete") or form.follows(rest, "on update")
        if not action:
            break
        rest = action[2:] if action[0].is_word("set", "no") else action[1:]
    return tokens[: len(tokens) - len(rest)], rest


def _refreshed(seen: Seen) -> Iterator[Finding]:
    if seen.says("concurrently") or not seen.says("refresh materialized view"):
        return
    for view in seen.rewritten:
        sql = f"REFRESH MATERIALIZED VIEW CONCURRENTLY {code.shown(view)}"
        note = f"# needs a unique index of {code.shown(view)} on columns, without WHERE"
        what = f"it fills {code.shown(view)} anew, of which all reads wait"
        yield finding("refresh-blocks-reads", what, code.in_a_row(f"{note}\n{code.execute(sql)}"))


def _packed(seen: Seen) -> Iterator[Finding]:
    """Say which table is packed anew while nobody may read it."""
    for piece in seen.pieces:
        words = form.follows(piece, "vacuum")
        is_full = words is not None and any(token.is_word("full") for token in words)
        if not is_full and form.follows(piece, "cluster") is None:
            continue
        tables = [code.shown(each) for each in seen.rewritten]
        if not tables and seen.is_seen:
            continue
        note = "" if tables else ASSUMED
        what = (
            f"it writes {' and '.join(tables) or 'tables'} anew while reads and writes wait{note}"
        )
        yield finding("vacuum-full-cluster", what)
