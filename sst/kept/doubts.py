"""What the code that runs a command says of its answer, to the notes that are taken of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sst.kept.where import Ending


class Notes(Protocol):
    """The notes of this call, as the code that runs sees them: see `Noting`."""

    doubt: str
    ending: Ending | None

    def give_up(self, doubt: str) -> None:
        """Keep nothing of this call, because of *doubt*."""

    def vary(self, *part: Any) -> None:
        """Take *part* of what is printed for one that changes by itself."""


_current: Notes | None = None


def begin(notes: Notes) -> None:
    """Let *notes* hear of this call: there is one in a process."""
    global _current  # noqa: PLW0603 - there is one call in a process
    _current = notes


def current() -> Notes | None:
    """Return the notes of this call; None when none are taken, and when they are in doubt."""
    return _current if _current and not _current.doubt else None


def the_doubt() -> str:
    """Return the first reason why nothing of this call is kept; empty for none."""
    return _current.doubt if _current else ""


def doubt(reason: str) -> None:
    """Keep nothing of this call, because of *reason*."""
    if _current:
        _current.give_up(reason)


def varies(
    text: str, kind: str, value: object = None, *, before: str = "", after: str = ""
) -> str:
    """Return *text*, which changes by itself and stands between *before* and *after*.

    See `Varying` for *kind* and *value*.
    """
    if _current:
        _current.vary(text, kind, value, before, after)
    return text
