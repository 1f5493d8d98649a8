"""One statement of a plan: its locks, and what it did on a copy without rows; add-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sst.hooks.contract.plan.lock_modes import blocked_by, blocked_by_all

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    is_sequence: bool = False

    @property
    def is_table(self) -> bool:
        """Whether it is on a table or a view, and not on an index or a sequence."""
        return not (self.is_index or self.is_sequence)

    @property
    def blocks(self) -> str:
        """What waits for it: `nothing`, `writes`, or `reads and writes`."""
        return blocked_by(self.mode)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"relation": self.relation, "mode": self.mode, "held": self.is_held}


class ChangeKind(StrEnum):
    """How a statement changed a table."""

    ADD_COLUMN = "add_column"
    ADD_NOT_NULL = "add_not_null"
    ADD_CHECK = "add_check"
    ADD_UNIQUE = "add_unique"
    """A constraint or an index."""
    ADD_PRIMARY_KEY = "add_primary_key"
    ADD_EXCLUSION = "add_exclusion"
    ADD_FOREIGN_KEY = "add_foreign_key"
    VALIDATE = "validate"
    CHANGE_TYPE = "change_type"
    DROP_COLUMN = "drop_column"
    DROP_TABLE = "drop_table"
    RENAME_COLUMN = "rename_column"
    RENAME_TABLE = "rename_table"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a table that was there before the plan, as the catalogue shows it."""

    kind: ChangeKind
    relation: str
    """The table, with its schema, quoted as SQL wants it; its name before the plan."""
    name: str = ""
    """The constraint, the index or the column, before it was renamed."""
    columns: tuple[str, ...] = ()
    """Of a constraint or an index, by the names that they had before the plan."""
    definition: str = ""
    """Of a constraint as `pg_get_constraintdef` has it; a column's new type; a new name."""
    is_valid: bool = True
    """Whether the rows that are there have to obey: not so with NOT VALID."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long a statement will take on the real tables, as a range."""

    low: float
    high: float
    known: str
    """`measured` by a run of the same revision, `inferred` from rows and bytes, or `assumed`."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"low": self.low, "high": self.high, "known": self.known}


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
    seconds: Seconds | None = None
    """None where nothing of it is known."""
    calls_per_minute: float | None = None
    """Statements of other sessions on what it blocks; None without `pg_stat_statements`."""
    writes: tuple[str, ...] = ()
    """The tables whose rows it is the first of its transaction to write."""
    changes: tuple[Change, ...] = ()
    revision: str = ""
    server_major: int = 0
    """The major version of the server on which it will run; 0 where it is not known."""
    transaction: int = 0
    """The number of its transaction in the plan."""
    is_alone: bool = False
    """Whether it runs in an autocommit block, and commits by itself."""
    previous: Statement | None = field(default=None, repr=False, compare=False)
    """The one before it in the same transaction; for `judge` alone."""

    @property
    def blocks(self) -> str | None:
        """What of other sessions waits while it runs; None when that is not known."""
        return None if self.unseen else blocked_by_all(lock.mode for lock in self.locks)

    @property
    def earlier(self) -> Iterator[Statement]:
        """Give the statements before it in the same transaction, the nearest first."""
        one = self.previous
        while one:
            yield one
            one = one.previous

    def _has_to_do_with(self, lock: Lock) -> bool:
        """Say whether *lock* is its own: those of a hundred statements before it are theirs."""
        return not lock.is_held or lock.relation.rpartition(".")[2].strip('"') in self.sql

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values: of the locks that are held already those on what it names."""
        return {
            "file": self.file,
            "line": self.line,
            "sql": self.sql,
            "locks": [lock.to_dict() for lock in self.locks if self._has_to_do_with(lock)],
            "rewrites": list(self.rewrites),
            "scans": list(self.scans),
            "because": self.because,
            "blocks": self.blocks,
            "unseen": self.unseen,
            "rows": self.rows,
            "bytes": self.bytes,
            "seconds": self.seconds.to_dict() if self.seconds else None,
            "calls_per_minute": self.calls_per_minute,
        }
