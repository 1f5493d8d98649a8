"""The words of bash's completion, which it splits also at `=`, `:` and `@`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BREAKS = frozenset("=:@")


def rejoined(words: Sequence[str], at: int) -> tuple[list[str], str]:
    """Return *words* up to the one *at* the cursor as the user typed them.

    Also what of the last one bash takes as given: `--set NAME=3` comes as `--set NAME = 3`, and an
    answer for `shop@h` must begin behind the `@`.
    """
    found: list[str] = []
    is_open = False
    for word in words[: at + 1]:
        is_break = bool(word) and set(word) <= _BREAKS
        if found and (is_break or is_open):
            found[-1] += word
        else:
            found.append(word)
        is_open = is_break
    last = words[at] if at < len(words) and not is_open else ""
    if at >= len(words):
        found.append("")
    return found, found[-1].removesuffix(last) if found else ""
