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
_SECONDS = re.compile(r"[-+]?\d+(?:\.\d+)?")
_SHOWN = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def duration_of(text: str) -> timedelta | None:
    """Return the duration that *text* writes with units, or as a number of seconds; else None.

    `HH:MM:SS` and ISO 8601 (`PT2H`) are pydantic's own.
    """
    stripped = text.strip()
    is_number = _SECONDS.fullmatch(stripped)
    if not (is_number or _WHOLE.fullmatch(stripped)):
        return None
    try:
        if is_number:
            return timedelta(seconds=float(stripped))
        return sum(
            (timedelta(**{_UNITS[unit.lower()]: float(n)}) for n, unit in _TERM.findall(stripped)),
            timedelta(),
        )
    except OverflowError:
        return None


def written(duration: timedelta) -> str:
    """Return *duration* as `duration_of` reads it: `1d12h`, `1.5s`."""
    if duration < timedelta():
        return _plain(duration.total_seconds())
    rest, text = duration, ""
    for unit, size in _SHOWN:
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    seconds = rest.total_seconds()
    return f"{text}{_plain(seconds)}s" if seconds or not text else text


def _plain(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")
