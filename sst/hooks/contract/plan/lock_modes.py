"""The lock modes of relations by strength, and what each of them keeps waiting.

Source: PostgreSQL manual, 13.3.1 "Table-Level Locks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""As `pg_locks` spells them, the weakest first."""
NOTHING = "nothing"
WRITES = "writes"
EVERYTHING = "reads and writes"
_BLOCKING = (NOTHING, WRITES, EVERYTHING)


def strongest(modes: Iterable[str]) -> str:
    """Return the strongest of *modes*, at least one."""
    return max(modes, key=MODES.index)


def blocked_by(mode: str) -> str:
    """Return what of other sessions waits for a lock of *mode* on a table that they use."""
    if mode == MODES[-1]:
        return EVERYTHING
    return WRITES if MODES.index(mode) >= MODES.index("ShareLock") else NOTHING


def blocked_by_all(modes: Iterable[str]) -> str:
    """Return what waits for locks of all these *modes* together."""
    return max(map(blocked_by, modes), key=_BLOCKING.index, default=NOTHING)
