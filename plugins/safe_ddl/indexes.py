"""Indexes that are built, built anew or dropped while somebody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks import sql_text

from . import code, form, steps
from .seen import ASSUMED, Seen, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import Finding

    from .form import Tokens


def judge(seen: Seen) -> Iterator[Finding]:
    """Give what the rules on indexes have against a statement."""
    yield from _built(seen)
    yield from _dropped(seen)
    yield from _built_anew(seen)


def _built(seen: Seen) -> Iterator[Finding]:
    """Say which CREATE INDEX stops the writes of its table."""
    for piece in seen.pieces:
        words = form.after(piece, "create unique? index")
        if words is None or form.follows(words, "concurrently") is not None:
            continue
        parent, table = _table_of(seen, words)
        if seen.is_seen and not seen.scanned:
            continue  # it is there already
        if table is None and (seen.is_seen or seen.is_made_before((parent,))):
            continue
        what = (
            f"it builds an index on {code.shown(table or parent)}, whose writes wait for its end"
        )
        is_unique = form.after(piece, "create unique") is not None
        instead = _concurrently(seen, words, table, is_unique=is_unique) if table else ""
        note = "" if table else ASSUMED
        yield finding("index-blocks-writes", what + note, instead, is_certain=seen.is_seen)


def _table_of(seen: Seen, words: Tokens) -> tuple[str, str | None]:
    """Return the table of an index as the text has it, and where its writes wait, its name.

    A name that a block puts together is not in the text: then it is the table that is scanned.
    """
    on = form.after(words, "on only?")
    named = form.name(on)[0] if on else ()
    found = seen.named(named) if named else None
    if found is None and len(seen.scanned) == 1:
        [found] = seen.scanned
    is_blocked = found in seen.blocked and (found in seen.own or found in seen.scanned)
    return named[-1] if named else "a table", found if is_blocked else None


def _concurrently(seen: Seen, words: Tokens, table: str, *, is_unique: bool) -> str:
    if table not in seen.scanned:
        # Of a partitioned table: it has no rows of its own, and no CONCURRENTLY.
        return ""
    words = form.follows(words, "if not exists") or words
    name, rest = ((), words) if words[0].is_word("on") else form.name(words)
    on = form.after(rest, "on only?")
    columns, tail = form.in_parentheses(form.name(on)[1] if on else ())
    names = [each[0].text for each in form.parted(columns) if _is_name(each)]
    if name and names and len(names) == len(form.parted(columns)) and not tail:
        index = steps.index(table, name[-1], tuple(names), is_unique=is_unique)
        return code.in_a_row(index)
    if not on:
        return ""
    unique = "UNIQUE " if is_unique else ""
    named = f"IF NOT EXISTS {code.ident(name[-1])} " if name else ""
    sql = f"CREATE {unique}INDEX CONCURRENTLY {named}ON {sql_text(on)}"
    return code.in_a_row(code.autocommit(code.execute(sql)))


def _is_name(tokens: Tokens) -> bool:
    return len(tokens) == 1 and tokens[0].kind in {"word", "name"}


def _dropped(seen: Seen) -> Iterator[Finding]:
    """Say which DROP INDEX waits for the readers of its table, and all others for it."""
    for piece in seen.pieces:
        words = form.after(piece, "drop index")
        if words is None or form.follows(words, "concurrently") is not None:
            continue
        rest = form.follows(words, "if exists") or words
        names = [name[-1] for part in form.parted(rest) if (name := form.name(part)[0])]
        tables = list(seen.own or seen.held)
        if (seen.is_seen and not tables) or not names:
            continue
        on = code.shown(tables[0]) if len(tables) == 1 else "its table"
        what = f"it drops an index of {on}: reads and writes wait for it, and it for each of them"
        # The index of a partitioned table is one of each partition, and has no CONCURRENTLY.
        parts = [each for each in seen.statement.locks if each.is_index and not each.is_held]
        is_plain = bool(tables) and len(parts) <= len(names)
        blocks = [steps.without_index(tables[0], name) for name in names] if is_plain else []
        note = "" if tables else ASSUMED
        instead = code.in_a_row(*blocks)
        yield finding("drop-index-blocks", what + note, instead, is_certain=seen.is_seen)


def _built_anew(seen: Seen) -> Iterator[Finding]:
    """Say which REINDEX stops the writes of its table."""
    for piece in seen.pieces:
        words = form.follows(piece, "reindex")
        if words is None or any(token.is_word("concurrently") for token in words):
            continue
        words = form.in_parentheses(words)[1]
        tables = [each for each in seen.scanned if each in seen.blocked]
        if tables or not seen.is_seen:
            on = code.shown(tables[0]) if tables else "its table"
            what = f"it builds the indexes of {on} anew, and writes wait for its end"
            kind, *name = words
            sql = f"REINDEX {kind.sql.upper()} CONCURRENTLY {sql_text(name)}"
            instead = code.in_a_row(code.autocommit(code.execute(sql)))
            note = "" if tables else ASSUMED
            yield finding("index-blocks-writes", what + note, instead, is_certain=seen.is_seen)
