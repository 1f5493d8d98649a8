"""The effects of one statement: what it takes away, or that nobody can know it from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.db.sql_tokens import Token, statements
from sst.migrator.loss.effect import Effect, Unknown
from sst.migrator.loss.reading import Reading
from sst.migrator.loss.table_effects import alter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.migrator.loss.effect import Found

# The longest first: of several that begin alike the whole kind is meant.
_KINDS = (
    *("materialized view", "foreign table", "foreign data wrapper", "event trigger"),
    *("text search configuration", "text search dictionary", "operator class"),
    *("operator family", "user mapping", "access method", "owned by"),
    *("table", "view", "sequence", "schema", "type", "domain", "extension", "index"),
    *("function", "procedure", "routine", "aggregate", "trigger", "policy", "rule"),
    *("collation", "server", "publication", "subscription", "statistics", "role", "user"),
    *("cast", "operator", "language", "database", "tablespace", "conversion", "transform"),
)
_ON_A_TABLE = {"trigger", "policy", "rule"}
# PL/pgSQL: a statement is the first of the text, or behind one of these.
_BEFORE_A_STATEMENT = ("begin", "then", "else", "loop", "in")
_SEARCH_PATH = "it sets search_path: names without a schema may be others than these"


def effects(statement: Sequence[Token]) -> Iterator[Found]:
    """Return what *statement* takes away, in its order."""
    reading = Reading(statement)
    for word, read in _BY_WORD.items():
        if reading.rest[0].is_word(word):
            yield from read(reading)
            return


def _drop(reading: Reading) -> Iterator[Found]:
    reading.take("drop")
    kind = next((kind for kind in _KINDS if reading.take(*kind.split())), "")
    if kind in {"", "owned by", "database"}:
        yield Unknown(f"it drops {kind or 'something'} {'.'.join(reading.name())}".strip())
        return
    reading.take("concurrently")
    reading.take("if", "exists")
    names = reading.names()
    if kind in _ON_A_TABLE and reading.take("on"):
        names = [(*reading.name(), *name) for name in names]
    cascade = reading.has("cascade")
    for name in names:
        yield Effect("drops", kind, name, cascade=cascade)


def _truncate(reading: Reading) -> Iterator[Found]:
    reading.take("truncate")
    reading.take("table")
    reading.take("only")
    names = reading.names()
    cascade = reading.has("cascade")
    for name in names:
        yield Effect("empties", "table", name, cascade=cascade)


def _select(reading: Reading) -> Iterator[Found]:
    """Return that it calls a function, as `SELECT drop_chunks(...)` does."""
    reading.take("select")
    name = reading.name()
    if not name or not reading.take_sign("("):
        return
    if name[-1] == "set_config" and reading.rest and reading.rest[0].text == "'search_path'":
        yield Unknown(_SEARCH_PATH)
    yield Unknown(f"it calls the function {'.'.join(name)}", name)


def _rows(reading: Reading) -> Iterator[Found]:
    """Return the tables whose rows a statement deletes or changes, in a WITH too."""
    while reading.rest:
        if reading.take("delete", "from"):
            reading.take("only")
            name = reading.name()
            is_partial = reading.has("where", "using")
            yield Effect(f"deletes {'some' if is_partial else 'all'} rows of", "table", name)
        elif reading.take("merge", "into"):
            reading.take("only")
            yield Effect("changes rows of", "table", reading.name())
        elif reading.take("update"):
            reading.take("only")
            # `FOR UPDATE` and `DO UPDATE SET` name no table.
            name = () if reading.rest and reading.rest[0].is_word("set", "of") else reading.name()
            if name and reading.has("set"):
                yield Effect("changes rows of", "table", name)
        else:
            reading.skip()


def _do(reading: Reading) -> Iterator[Found]:
    """Return what the statements in a block take away, those behind an IF too."""
    tokens = [*reading.rest]
    bodies = [_unquoted(token) for token in tokens if token.kind in {"body", "string"}]
    language = [token.text for token in tokens if token.kind in {"word", "name"}][2:3]
    if len(bodies) != 1 or language not in ([], ["plpgsql"]):
        yield Unknown(f"a DO block in {''.join(language) or 'no language'} is not read")
        return
    for statement in statements(bodies[0]):
        yield from _in_block(statement)


def _unquoted(token: Token) -> str:
    if token.kind == "body":
        return token.text
    return token.text.partition("'")[2].removesuffix("'").replace("''", "'")


def _in_block(statement: Sequence[Token]) -> Iterator[Found]:
    before: Token | None = None
    for position, token in enumerate(statement):
        following = statement[position + 1 : position + 2]
        if token.is_word("execute") and not any(
            each.is_word("function", "procedure") for each in following
        ):
            yield Unknown("a DO block runs text as SQL (EXECUTE)")
        elif token.is_word("perform"):
            yield from effects((Token("word", "select"), *statement[position + 1 :]))
        elif before is None or before.is_word(*_BEFORE_A_STATEMENT):
            yield from effects(statement[position:])
        before = token


def _call(reading: Reading) -> Iterator[Found]:
    reading.take("call")
    yield Unknown(f"it calls the procedure {'.'.join(reading.name())}")


def _set(reading: Reading) -> Iterator[Found]:
    reading.take("set")
    reading.take("session")
    reading.take("local")
    if reading.take("search_path"):
        yield Unknown(_SEARCH_PATH)


_BY_WORD = {
    "drop": _drop,
    "truncate": _truncate,
    "alter": alter,
    "select": _select,
    "do": _do,
    "call": _call,
    "set": _set,
    **dict.fromkeys(("with", "delete", "update", "merge"), _rows),
}
