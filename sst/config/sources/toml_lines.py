"""Find the line of every key in a TOML text, which the standard parser does not give."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_STATEMENT = re.compile(
    rf"[ \t]*(?:(?P<table>\[\[?)[ \t]*(?P<header>{_KEY})|(?P<key>{_KEY})[ \t]*=)"
)
_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*|[\[{]|[\]}]|\n|[^\[\]{}\"'\#\n]+",
    re.DOTALL,
)


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line, from 1, of each key and table header of *text*, valid TOML."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    position = 0
    while position < len(text):
        match = _STATEMENT.match(text, position)
        if match:
            line = text.count("\n", 0, position) + 1
            if match["table"]:
                table = _path(match["header"])
                found.setdefault(table, line)
            else:
                found.setdefault((*table, *_path(match["key"])), line)
        position = _end_of_statement(
            text, match.end("key") if match and match["key"] else position
        )
    return found


def line_of(path: Sequence[str], lines: Mapping[tuple[str, ...], int]) -> int | None:
    """Return the line of *path*; else of the inline table that holds it, else of what it holds."""
    wanted = tuple(path)
    for length in range(len(wanted), 0, -1):
        line = lines.get(wanted[:length])
        if line is not None:
            return line
    return next((line for key, line in lines.items() if key[: len(wanted)] == wanted), None)


def _end_of_statement(text: str, position: int) -> int:
    """Return where the statement at *position* ends: the newline outside all brackets."""
    depth = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            return len(text)
        position = match.end()
        piece = match[0]
        depth += (piece in "[{") - (piece in "]}")
        if piece == "\n" and depth <= 0:
            return position
    return position


def _path(key: str) -> tuple[str, ...]:
    table: Any = tomllib.loads(f"{key} = 0")
    path: list[str] = []
    while isinstance(table, dict):
        (part, table), *_ = table.items()
        path.append(part)
    return tuple(path)
