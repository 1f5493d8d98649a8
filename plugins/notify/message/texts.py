"""Texts of others: a server, a revision, a team; made visible and cut to a receiver's limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_NOTE = len("… (1,234,567,890 more characters)")


def lines(text: str) -> str:
    r"""Return *text* without blank lines, its control characters spelled out: `\x1b`."""
    shown = (_visible(line).strip() for line in text.splitlines())
    return "\n".join(line for line in shown if line)


def one_line(text: str) -> str:
    """Return *text* in one line, its control characters spelled out."""
    return " ".join(lines(text).split("\n"))


def cut(text: str, most: int, escape: Callable[[str], str] = str) -> str:
    """Return *text*, each sign of it escaped, in at most *most* UTF-16 units.

    What is left out is counted at the end; an escaped sign stays whole. Receivers count
    characters; a unit is never less than one, whichever way they do.
    """
    kept: list[str] = []
    used, whole = 0, 0
    for sign in text:
        used += units(escape(sign))
        if used > most:
            left = len(text) - whole
            return f"{''.join(kept[:whole])}… ({left:,} more characters)"
        kept.append(escape(sign))
        whole += used <= most - _NOTE
    return "".join(kept)


def units(text: str) -> int:
    """Return the length of *text* in UTF-16 units."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def _visible(line: str) -> str:
    return "".join(_sign(sign) for sign in line)


def _sign(sign: str) -> str:
    if sign.isspace():
        return " "
    return sign if sign.isprintable() else repr(sign)[1:-1]
