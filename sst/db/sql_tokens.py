"""SQL text as statements, and each of them as tokens: what is in quotes is never taken for SQL.

Source: PostgreSQL manual, 4.1 "Lexical Structure".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOKEN = re.compile(
    r"""
    (?P<blank> \s+ | --[^\n]* )
  | (?P<comment> /\* )
  | (?P<string> [eE]'(?:[^'\\]|\\.|'')*'? | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'? )
  | \$(?P<tag>(?:[^\W\d]\w*)?)\$(?P<body>.*?)(?:\$(?P=tag)\$|\Z)
  | (?:[uU]&)?"(?P<name>(?:[^"]|"")*)"?
  | (?P<word> [^\W\d][\w$]* )
  | (?P<number> \.?\d[\w.]* )
  | (?P<sign> . )
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_KINDS = ("string", "body", "name", "word", "number", "sign")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; a word is in lower case, a quoted name as it is called."""

    kind: str
    """`word`, `name`, `string`, `body` (in dollar quotes), `number` or `sign`."""
    text: str
    is_apart: bool = field(default=False, compare=False)
    """Whether a blank or a comment is before it."""
    sql: str = field(default="", compare=False)
    """The token as it is written in SQL."""
    start: int = field(default=0, compare=False)
    """Where it begins in its text."""

    def is_word(self, *words: str) -> bool:
        """Say whether it is one of *words*, unquoted."""
        return self.kind == "word" and self.text in words

    def is_sign(self, sign: str) -> bool:
        """Say whether it is *sign*, such as `,`."""
        return self.kind == "sign" and self.text == sign


def text_of(tokens: Iterable[Token]) -> str:
    """Return *tokens* as SQL in one line; of what was blank between two of them, one space."""
    return "".join(f" {each.sql}" if each.is_apart else each.sql for each in tokens).strip()


def called(tokens: Iterable[Token]) -> frozenset[str]:
    """Return every word and every quoted name of *tokens*, as it is called."""
    return frozenset(each.text for each in tokens if each.kind in {"word", "name"})


def one_line(sql: str) -> str:
    """Return *sql* in one line, without its comments, of a body in dollar quotes too."""
    pieces = (f" {_flat(each)}" if each.is_apart else _flat(each) for each in _tokens(sql))
    return " ".join("".join(pieces).split())


def _flat(token: Token) -> str:
    quote = token.sql[: token.sql.find("$", 1) + 1]
    if token.kind != "body" or token.sql != f"{quote}{token.text}{quote}":
        return token.sql
    return f"{quote} {one_line(token.text)} {quote}"


def statements(sql: str) -> Iterator[tuple[Token, ...]]:
    """Return the statements of *sql* without comments; a function's body is inside its own."""
    found: list[Token] = []
    atomic = 0
    for token in _tokens(sql):
        if token.is_sign(";") and not atomic:
            if found:
                yield tuple(found)
            found = []
            continue
        atomic = _atomic_depth(atomic, found, token)
        found.append(token)
    if found:
        yield tuple(found)


def statement_spans(sql: str) -> Iterator[tuple[int, int]]:
    """Give where each statement of *sql* begins and ends, without the `;`."""
    for found in statements(sql):
        yield found[0].start, found[-1].start + len(found[-1].sql)


def _atomic_depth(depth: int, before: list[Token], token: Token) -> int:
    """Return how deep in BEGIN ATOMIC ... END it is behind *token*; manual, CREATE FUNCTION."""
    if token.is_word("atomic") and before and before[-1].is_word("begin"):
        return 1
    if depth and token.is_word("case"):
        return depth + 1
    return depth - 1 if depth and token.is_word("end") else depth


def _tokens(sql: str) -> Iterator[Token]:
    position, is_apart = 0, False
    while match := _TOKEN.match(sql, position):
        position = match.end()
        if match["comment"]:
            position = _end_of_comment(sql, position)
        kind = next((kind for kind in _KINDS if match[kind] is not None), None)
        if kind:
            yield Token(kind, _as_called(kind, match[kind]), is_apart, match[0], match.start())
        is_apart = kind is None


def _as_called(kind: str, text: str) -> str:
    if kind == "word":
        return text.lower()
    return text.replace('""', '"') if kind == "name" else text


def _end_of_comment(sql: str, position: int) -> int:
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(sql, position)
        if edge is None:
            return len(sql)
        position, depth = edge.end(), depth + (1 if edge[0] == "/*" else -1)
    return position
