"""Durations as people write them: `90s`, `2h`, `1d 12h`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
_TERM = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d|w)\s*", re.IGNORECASE)
_WHOLE = re.compile(rf"(?:{_TERM.pattern})+", re.IGNORECASE)
_SHOWN = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def duration_of(text: str) -> timedelta | None:
    """Return the duration that *text* writes with units; None for every other spelling.

    Seconds as a number, `HH:MM:SS` and ISO 8601 (`PT2H`) are pydantic's own.
    """
    stripped = text.strip()
    if not _WHOLE.fullmatch(stripped):
        return None
    try:
        return sum(
            (timedelta(**{_UNITS[unit.lower()]: float(n)}) for n, unit in _TERM.findall(stripped)),
            timedelta(),
        )
    except OverflowError:
        return None


def written(duration: timedelta) -> str:
    """Return *duration* as `duration_of` reads it: `1d12h`, `1.5s`."""
    if duration < timedelta():
        return f"{duration.total_seconds():g}"
    rest, text = duration, ""
    for unit, size in _SHOWN:
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    seconds = rest.total_seconds()
    return f"{text}{seconds:.10g}s" if seconds or not text else text
