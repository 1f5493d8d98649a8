"""The parts of a text that change by themselves, such as how long ago something was."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Part = str | list[Any]
    """A text as it is, or the fields of a `Varying`."""


class Varying(NamedTuple):
    """A part of a text, as it was printed, and how it is made again."""

    text: str
    kind: str
    """`ago`: the time since the moment *value*; `now`: this moment, as precise as *value* says;
    `took`: the milliseconds that this call has taken."""
    value: Any = None
    before: str = ""
    after: str = ""
    """What stands around it wherever it counts."""

    @property
    def spelled(self) -> str:
        """The part with what stands around it."""
        return f"{self.before}{self.text}{self.after}"


class Moment(NamedTuple):
    """The moment at which a text is told again."""

    began: float
    """When the call began, on the monotonic clock."""
    at: float
    """The server's time, in seconds since the epoch."""

    def text(self, part: Part) -> str:
        """Return *part* as it is now."""
        if isinstance(part, str):
            return part
        before, kind, value, after = part
        return f"{before}{_KINDS[kind](self, value)}{after}"

    def ago(self, moment: float) -> str:
        """Return how long ago *moment* is, in seconds since the epoch."""
        from sst.text import span_text

        return span_text(self.at - moment)

    def now(self, precision: str) -> str:
        """Return the moment as RFC 3339 in UTC."""
        from datetime import UTC, datetime

        return datetime.now(UTC).isoformat(timespec=precision).replace("+00:00", "Z")

    def took(self, _value: None) -> str:
        """Return how many milliseconds the call has taken."""
        return str(round((time.monotonic() - self.began) * 1000))


_KINDS: dict[str, Callable[[Moment, Any], str]] = {
    "ago": Moment.ago,
    "now": Moment.now,
    "took": Moment.took,
}


def parts_of(text: str, varying: Sequence[Varying]) -> list[Part] | None:
    """Return *text* in parts, those of *varying* apart wherever they stand.

    None when two of them overlap: which is which cannot be said.
    """
    places = sorted(
        {
            (at, each.spelled, each.kind, str(each.value)): each
            for each in varying
            for at in _all_places(text, each.spelled)
        }.items()
    )
    parts: list[Part] = []
    end = 0
    for (at, spelled, _, _), each in places:
        if at < end:
            return None
        parts += [text[end:at], [each.before, each.kind, each.value, each.after]]
        end = at + len(spelled)
    return [*parts, text[end:]]


def _all_places(text: str, part: str) -> list[int]:
    places, at = [], text.find(part)
    while at >= 0:
        places.append(at)
        at = text.find(part, at + 1)
    return places
