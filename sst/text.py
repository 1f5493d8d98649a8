"""Short texts for people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TextIO

LISTED = 5
"""Of more things than this, an error or a warning counts the rest."""
_THOUSAND = 1000
_USUAL_COLUMNS = 80
_DAYS_FROM_HOURS = 48
_ES = ("s", "x", "ch", "sh")
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


_PROVEN = {
    "restored": "restored and compared",
    "read": "read back, not restored",
    "no": "not verified",
    "yes": "verified",
}


def first_line(error: BaseException | str, otherwise: str = "") -> str:
    """Return the first line of *error* that is not blank: the others may quote rows or statements.

    Of an error of SQLAlchemy it is the first line of the driver's own error; a text is taken as
    it is, so who masks a secret masks the whole text before.
    An error that says nothing is *otherwise*, or else the name of its class.
    """
    source = getattr(error, "orig", None) or error
    text = str(source).strip()
    if text:
        return text.splitlines()[0].rstrip()
    return otherwise or ("" if isinstance(source, str) else type(source).__name__)


def size_text(count: float) -> str:
    """Return *count* bytes as a person reads them: `1.2 GB`."""
    for unit in _UNITS:
        # As it is printed: 999_999 is not 1000.0 kB.
        if round(count, 1) < _THOUSAND or unit == _UNITS[-1]:
            break
        count /= _THOUSAND
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def span_text(seconds: float) -> str:
    """Return *seconds* as a person tells them: `45 s`, `12 min 5 s`, `3 h 5 min`, `2 days`.

    A smaller unit of which there is nothing is left out: `12 min`.
    """
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= _DAYS_FROM_HOURS:
        return f"{hours // 24} days"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def duration_text(milliseconds: float | None) -> str:
    """Return *milliseconds* as seconds, `1.25 s`; `-` when they are not known."""
    return "-" if milliseconds is None else f"{milliseconds / _THOUSAND:.2f} s"


def counted(count: int, noun: str) -> str:
    """Return *count* of what *noun* names: `1 row`, `12,345 rows`, `2 indexes`, `0 policies`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith(_ES) else 's'}"


def proven_text(proven: str) -> str:
    """Return how far a backup is *proven*, in words; a plugin's own word as it is."""
    return _PROVEN.get(proven, proven)


def listed(items: Iterable[object], separator: str = ", ", *, most: int = LISTED) -> str:
    """Return the first *most* of *items*, and how many more there are: `a, b and 198 more`."""
    texts = [str(item) for item in items]
    shown = separator.join(texts[:most])
    more = len(texts) - most
    joint = " " if separator == ", " else separator
    return f"{shown}{joint}and {more} more" if more > 0 else shown


def with_texts(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON-ready
    """Return the JSON-ready *value* with every text in it changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: with_texts(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [with_texts(each, change) for each in value]
    return value


def terminal_columns(stream: TextIO) -> int | None:
    """Return the width of the terminal that *stream* leads to; None when it leads elsewhere."""
    if not stream.isatty():
        return None
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        found = 0
    return found or _USUAL_COLUMNS
