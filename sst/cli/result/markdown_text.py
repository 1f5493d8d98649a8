"""Somebody's text in the Markdown of GitHub: shown as it is, no markup, no HTML, no mention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.redaction.redact import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.errors import SstError

_MARKUP = re.compile(r"([\\`*_\[\]|~$])")
_LINKED = re.compile(r"([@#]|:(?=//)|\b[wW]{3}(?=\.))")
"""GitHub reads a mention, the number of an issue and an address after Markdown has taken the
backslash off."""
_LONGEST = 2_000
"""Characters of one part of an error."""


def plain(text: str) -> str:
    """Return *text* in one line as nothing but text."""
    text = " ".join(visible(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LINKED.sub(r"\1<!-- -->", _MARKUP.sub(r"\\\1", text))


def code(text: str) -> str:
    """Return *text* in one line as a span of code that may stand in a table."""
    text = " ".join(visible(text).split()).replace("|", "\\|")
    if not text:
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{blank}{text}{blank}{ticks}"


def fenced(text: str) -> str:
    """Return *text* as a block of Python below an item of a list; it cannot end the block."""
    fence = "`" * max(3, _longest_run(text) + 1)
    shown = "\n".join(f"  {line}".rstrip() for line in visible(text).splitlines())
    return f"  {fence}python\n{shown}\n  {fence}"


def error_lines(error: SstError, said: Callable[[str], str]) -> list[str]:
    """Return *error* as a list: what happened, why, where, and what to do next.

    *said* takes out of a text what is not for others.
    """
    parts = (
        ("what", error.what),
        ("why", error.why),
        ("at", error.fault.place),
        ("next", error.next_step),
    )
    found = [f"- **{name}**: {plain(_cut(said(text)))}" for name, text in parts if text]
    statement = _cut(said(error.fault.statement or ""))
    return [*found, f"- **sql**: {code(statement)}"] if statement else found


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
