"""The values that a rehearsal returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sst.migrator.rehearsal.locks import blocked_by, blocked_by_all

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Lock:
    """The strongest lock of a statement on one relation that was there before the plan."""

    relation: str
    """With its schema, quoted as SQL wants it."""
    mode: str
    """As `pg_locks` spells it."""
    is_held: bool = False
    """Whether an earlier statement of the same transaction has taken it."""
    is_index: bool = False

    @property
    def blocks(self) -> str:
        """What waits for it: `nothing`, `writes`, or `reads and writes`."""
        return blocked_by(self.mode)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"relation": self.relation, "mode": self.mode, "held": self.is_held}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a revision, and what it did on the copy."""

    file: str
    """The revision's file, as it is shown."""
    line: int
    """0 where it is not known."""
    sql: str
    """In one line, with places for the values that are sent beside it."""
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[str, ...] = ()
    """The tables and indexes that it wrote anew."""
    scans: tuple[str, ...] = ()
    """The tables that it read from their beginning to their end."""
    because: str | None = None
    """Why it need not scan, in the server's words."""
    unseen: str | None = None
    """Why its locks are not known."""
    rows: int | None = None
    """Rows of the real tables that it scans or writes anew, else of those that it locks."""
    bytes: int | None = None

    @property
    def blocks(self) -> str | None:
        """What of other sessions waits while it runs; None when that is not known."""
        return None if self.unseen else blocked_by_all(lock.mode for lock in self.locks)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "file": self.file,
            "line": self.line,
            "sql": self.sql,
            "locks": [lock.to_dict() for lock in self.locks],
            "rewrites": list(self.rewrites),
            "scans": list(self.scans),
            "because": self.because,
            "blocks": self.blocks,
            "unseen": self.unseen,
            "rows": self.rows,
            "bytes": self.bytes,
        }


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a plan did on a copy without rows, or why it was not run there."""

    where: str = ""
    """The server on which the copy was made, in words; empty when there was none."""
    why_not: str | None = None
    """Why not all of it was run; None when all was."""
    statements: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)
    """By revision, also those before the one that stopped it."""

    @property
    def is_whole(self) -> bool:
        """Whether every revision was run to its end."""
        return self.why_not is None
