r"""Readings of a text: its escapes undone, level by level, and where each part stands.

A secret is `p%40ss` in a URL, `p%%40ss` for ConfigParser, `p\u00e9` in JSON, `it''s` in SQL, and
what one encoder made is the next one's text.
To list the spellings would miss the mixed ones, so the text is read instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Span = tuple[int, int]

DEEPEST = 6
"""Levels: a URL in a URL in a JSON text in a log line has four."""

_ESCAPE = re.compile(
    r"""
      (?P<bytes> (?: %[0-9a-fA-F]{2} | \\x[0-9a-fA-F]{2} | \\[0-3][0-7]{2} )+ )
    | (?P<unicode> \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
                 | \\u[0-9a-fA-F]{4} | \\U[0-9a-fA-F]{8} )
    | \\(?P<escaped> . )
    | (?P<doubled> %% | '' | "" )
    | (?P<entity> &(?: \#\d{1,7} | \#[xX][0-9a-fA-F]{1,6} | [a-zA-Z]{2,8} ); )
    """,
    re.VERBOSE | re.DOTALL,
)
# How every one of them begins: alternatives of literal texts are looked for thirty times as fast.
_BEGINNING = re.compile(r"""%|\\|''|\"\"|&""")
_UNIT = re.compile(r"%(?P<percent>..)|\\x(?P<hex>..)|\\(?P<octal>...)", re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, and for each of its characters where it stands in the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> Span:
        """Return the place in the original of the characters from *start* to before *end*."""
        return self.starts[start], self.ends[end - 1]


def readings(text: str) -> Iterator[Reading]:
    """Yield *text* as it is, then with one level of escapes undone after the other."""
    count = len(text)
    reading = Reading(text, range(count), range(1, count + 1))
    for _ in range(DEEPEST):
        yield reading
        if _BEGINNING.search(reading.text) is None or _ESCAPE.search(reading.text) is None:
            return
        reading = _undone(reading)


def replaced(text: str, find: Callable[[str], Iterator[Span]], mask: str) -> str:
    """Return *text* with *mask* wherever *find* finds something, on whatever level."""
    spans = sorted(
        reading.span(start, end)
        for reading in readings(text)
        for start, end in find(reading.text)
        if start < end
    )
    parts, at = [], 0
    for start, end in spans:
        if start >= at:
            parts += [text[at:start], mask]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _undone(reading: Reading) -> Reading:
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _ESCAPE.finditer(reading.text):
        text.append(reading.text[at : match.start()])
        starts += reading.starts[at : match.start()]
        ends += reading.ends[at : match.start()]
        at = match.end()
        for char, first, last in _said(match):
            place = reading.span(match.start() + first, match.start() + last)
            text.append(char)
            starts.append(place[0])
            ends.append(place[1])
    text.append(reading.text[at:])
    starts += reading.starts[at:]
    ends += reading.ends[at:]
    return Reading("".join(text), starts, ends)


def _said(match: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """Yield the characters that an escape stands for, each with its place in the escape."""
    whole = match[0]
    if match["bytes"]:
        yield from _decoded(whole)
        return
    if match["unicode"]:
        said = _code_points(whole)
    elif match["escaped"]:
        said = _CONTROL.get(match["escaped"], match["escaped"])
    elif match["entity"]:
        import html  # a millisecond, for what hardly a text has

        said = html.unescape(whole)
    else:
        said = whole[0]
    for char in said:
        yield char, 0, len(whole)


def _decoded(run: str) -> Iterator[tuple[str, int, int]]:
    """Yield the characters of a run of bytes: UTF-8, else Latin-1."""
    units = list(_UNIT.finditer(run))
    raw = bytes(_byte(unit) for unit in units)
    try:
        text, is_utf8 = raw.decode(), True
    except UnicodeDecodeError:
        text, is_utf8 = raw.decode("latin-1"), False
    at = 0
    for char in text:
        after = at + (len(char.encode()) if is_utf8 else 1)
        yield char, units[at].start(), units[after - 1].end()
        at = after


def _byte(unit: re.Match[str]) -> int:
    return int(unit["octal"], 8) if unit["octal"] else int(unit["percent"] or unit["hex"], 16)


def _code_points(escape: str) -> str:
    numbers = [int(part, 16) for part in re.split(r"\\[uU]", escape)[1:]]
    if len(numbers) == 1:
        return chr(numbers[0]) if numbers[0] < 0x110000 else escape  # noqa: PLR2004 - the last
    high, low = numbers
    return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF))
