"""The command lines whose answer may be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = frozenset({"check", "current", "history", "plan", "status", "upgrade"})
_NEVER = frozenset({"--no-cache", "--help", "-h", "--debug"})


def is_kept(words: Sequence[str]) -> bool:
    """Say whether the answer to a command line of *words* may be kept."""
    asked = set(words)
    return bool(asked & COMMANDS) and not asked & _NEVER
