"""A text broken between its words, never inside one."""

from __future__ import annotations

import re

from sst.layout.cells import columns_of

_PIECE = re.compile(r"(?:[^\s`]*`[^`\n]{0,200}`){1,3}[^\s`]*(?!\S)|python3? \S+\.py\S*|[\S\xa0]+")
"""A command in backticks, which somebody will copy; a script behind its interpreter; a word."""


_JOINT = "\N{NO-BREAK SPACE}"


def kept(text: str) -> str:
    """Return *text* so that `hanging` takes it for one word, where a line has room for it."""
    return text.replace(" ", _JOINT)


def wrapped(text: str, width: int, *, whole: int = 0) -> list[str]:
    """Return *text* in lines of at most *width* columns; a longer word has a line of its own.

    A line of *text* that fits stays as it is. A command in backticks is kept whole up to *whole*
    columns, where that is more than *width*, on a line of its own.
    """
    longest = max(width, whole)
    return [
        line
        for one in text.splitlines()
        for line in ([one] if columns_of(one) <= width else _filled(pieces(one, longest), width))
    ]


def pieces(text: str, longest: int) -> list[str]:
    """Return what of *text* stays together: words, commands of at most *longest* columns."""
    return [
        part
        for piece in _PIECE.findall(text)
        for part in ([piece] if columns_of(piece) <= longest else piece.split())
    ]


def hanging(text: str, width: int, indent: int, *, begin: int = 0) -> list[str]:
    """Return the line *text* in lines, those behind the first *indent* columns to the right.

    What stands in the first *begin* columns, blanks or a label, stays there. A word that fits a
    line only without the indent begins further left.
    """
    return [line.replace(_JOINT, " ") for line in _hanging(text, width, indent, begin)]


def _hanging(text: str, width: int, indent: int, begin: int) -> list[str]:
    if columns_of(text) <= width:
        return [text]
    label, rest = text[:begin], text[begin:]
    head, *more = wrapped(rest, max(1, width - begin), whole=width) or [""]
    below = [
        " " * indent_of(line, width, indent) + line
        for line in wrapped(" ".join(more), max(1, width - indent), whole=width)
    ]
    if not label.strip():
        return [" " * indent_of(head, width, begin) + head, *below]
    if begin + columns_of(head) <= width:
        return [label + head, *below]
    return [label.rstrip(), " " * indent_of(head, width, indent) + head, *below]


def indent_of(line: str, width: int, wanted: int) -> int:
    """Return *wanted*, or so much less that *line* fits *width* columns behind it."""
    return max(0, min(wanted, width - columns_of(line)))


def _filled(words: list[str], width: int) -> list[str]:
    lines: list[str] = []
    used = 0
    for word in words:
        size = columns_of(word)
        if lines and used + 1 + size <= width:
            lines[-1] += f" {word}"
            used += 1 + size
        else:
            lines.append(word)
            used = size
    return lines
