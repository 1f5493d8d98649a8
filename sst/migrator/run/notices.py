"""The messages that the server, or we, had for one revision: logged and on record, bounded."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sst.bridge import WARNING
from sst.redaction.logs import IN_RESULT, ON_SCREEN

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("sst.migrate")

MOST = 50
"""Of a revision's warnings, and of its other messages, so many are shown and kept.

A loop can raise a million.
"""
LONGEST = 500
"""The characters of a message that are shown and kept."""
_LEVELS = {WARNING: logging.WARNING, "DEBUG": logging.DEBUG}


@dataclass
class Notices:
    """The messages for the current revision, in its last attempt."""

    redact: Callable[[str], str]
    kept: list[dict[str, str]] = field(default_factory=list)
    left_out: int = 0
    _room: dict[bool, int] = field(default_factory=lambda: {True: MOST, False: MOST})
    """How many more warnings, and how many other messages, are kept."""

    def hear(self, name: str, severity: str, message: str) -> str | None:
        """Log and keep *message* for the revision *name*; return its line when it is a warning.

        The text is its author's, who may quote rows; secrets are masked. None for one too many.
        """
        is_warning = severity == WARNING
        # Apart, so that a loop of notices hides no warning.
        if not self._room[is_warning]:
            self.left_out += 1
            return None
        self._room[is_warning] -= 1
        text = self.redact(message)
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
        self.kept.append({"severity": severity, "text": text})
        level = _LEVELS.get(severity, logging.INFO)
        # A terminal has the warnings in the result.
        log.log(level, "%s: %s", name, text, extra=IN_RESULT if is_warning else ON_SCREEN)
        return f"{name}: {text}" if is_warning else None

    def close(self) -> None:
        """Log how many messages were left out."""
        if self.left_out:
            log.warning("%d more messages of the server are left out", self.left_out)

    def to_row(self) -> dict[str, Any]:
        """Return the columns of the step's row."""
        return {"notices": self.kept, "notices_left_out": self.left_out}
