"""Texts of others, among lines that are drawn: nothing in them steers the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.redaction.redact import visible

if TYPE_CHECKING:
    from rich.text import Text

NO_COLOUR = "\x1b[0m"
_KEPT = re.compile(r"(\x1b\[[0-9;]*m|\r)")


def one_line(text: str, encoding: str) -> str:
    """Return *text* as one line, as long as it is when it was written in *encoding*."""
    line = visible(" ".join(text.split("\n")).replace("\t", " "))
    return line.encode(encoding, "backslashreplace").decode(encoding)


def last_written(text: str) -> str:
    """Return what a terminal shows of *text*, in which each return begins the line anew."""
    return text.rstrip("\r").rpartition("\r")[2]


def with_colours(lines: list[str]) -> Text:
    """Return *lines* in their colours; what else steers a terminal is spelled out."""
    from rich.text import Text

    return Text.from_ansi(harmless("\n".join(map(last_written, lines))))


def harmless(text: str) -> str:
    """Return *text* with its colours and returns; what else steers a terminal is spelled out."""
    # What is kept are the odd ones.
    parts = _KEPT.split(text)
    return "".join(part if at % 2 else visible(part) for at, part in enumerate(parts))
