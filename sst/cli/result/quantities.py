"""Sizes and durations as a person reads them."""

from __future__ import annotations

_THOUSAND = 1000


def size(count: float) -> str:
    """Return *count* bytes to three digits: `1.23 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if count < _THOUSAND:
            return f"{count:.3g} {unit}"
        count /= _THOUSAND
    return f"{count:.3g} GB"


def duration(milliseconds: int | None) -> str:
    """Return *milliseconds* as seconds, `-` when they are not known."""
    return "-" if milliseconds is None else f"{milliseconds / _THOUSAND:.2f} s"
