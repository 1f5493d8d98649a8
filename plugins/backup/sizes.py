"""Sizes for people."""

from __future__ import annotations

_STEP_BYTES = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def human_size(size_bytes: float) -> str:
    """Return *size_bytes* as a person reads it: `1.2 GB`."""
    for unit in _UNITS:
        if size_bytes < _STEP_BYTES or unit == _UNITS[-1]:
            break
        size_bytes /= _STEP_BYTES
    return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
