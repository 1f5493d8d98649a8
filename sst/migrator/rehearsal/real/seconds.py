"""The seconds that a statement will take on the real tables, as a range.

An estimate is the sum of the work that the statement was seen to do. The range around it is wide:
it is to hold on machines that are several times slower or faster than the one of the figures, and
with caches that are cold or warm. Waiting for locks is no part of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.hooks.contract.plan.statement import Change, ChangeKind, Seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.real.sizes import Size

# Measured on PostgreSQL 15.20 in a container with two cores that other work kept busy (a load of
# 6 to 10), with the defaults of postgresql.conf, on tables of a million rows: narrow, 52 MB, and
# wide, 341 MB. `python -m bench.plan_seconds` holds the ranges against real runs.
_SCANNED_ROW, _SCANNED_BYTE = 0.08e-6, 0.5e-9
"""SET NOT NULL and ADD CHECK: 0.07 s and 0.12 s narrow, 0.24 s wide."""
_INDEXED_ROW, _INDEXED_BYTE = 0.7e-6, 22e-9
"""CREATE INDEX: 0.7 s to 0.9 s on integers, 1.7 s on short texts, 7.2 s on texts of 288 bytes."""
_REFERRING_ROW = 1.4e-6
"""ADD FOREIGN KEY: 1.3 s narrow, 1.6 s wide."""
_REWRITTEN_ROW, _REWRITTEN_BYTE = 1.7e-6, 11.6e-9
"""A new type: 6.4 s narrow, 9.8 s wide, of which the four indexes are 4.1 s."""
_UPDATED_ROW = 3e-6
"""UPDATE of every row: 15 s with five indexes, for the row and once more for each index."""
_CONCURRENTLY = 1.5
"""CREATE INDEX CONCURRENTLY scans the table twice: 1.0 s for 0.7 s."""
_FASTER, _SLOWER = 3.0, 4.0
"""How much faster or slower another machine may be."""
_TWICE = 2.0
"""How much the same statement may differ from one time to the next."""
_ASSUMED = Seconds(0.001, 0.1, "assumed")
"""What changes the catalogue alone."""

_DDL = re.compile(
    r"\s*(alter|create|drop|comment|grant|revoke|reindex|cluster|security\s+label)\b",
    re.IGNORECASE,
)
_EMPTIES = re.compile(r"\s*truncate\b", re.IGNORECASE)
# The time of a query is that of its plan, which nobody knows here.
_QUERIES = re.compile(
    r"\s*create\b.*\bas\s*\(?\s*(select|with|table|values|execute)\b", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\s*(update\b(?!.*\b(where|from|select)\b)|delete\s+from\b(?!.*\b(where|using|select)\b))",
    re.IGNORECASE,
)
_INDEX = re.compile(r"\s*create\s+(unique\s+)?index\b", re.IGNORECASE)
_OTHER_METHOD = re.compile(r"\busing\s+(?!btree|hash|brin)[\w\"]+\s*\(", re.IGNORECASE)
_INDEXING = {ChangeKind.ADD_UNIQUE, ChangeKind.ADD_PRIMARY_KEY, ChangeKind.ADD_EXCLUSION}


@dataclass(frozen=True, slots=True)
class _Work:
    """Seconds of work on the machine of the figures, at least and at most."""

    least: float = 0.0
    most: float = 0.0

    def __add__(self, other: _Work) -> _Work:
        return _Work(self.least + other.least, self.most + other.most)

    def __mul__(self, times: float) -> _Work:
        return _Work(self.least * times, self.most * times)


def seconds_of(statement: Statement, sizes: Mapping[str, Size]) -> Seconds | None:
    """Return how long *statement* will take on tables of *sizes*; None when that is not known."""
    if statement.unseen:
        return None
    if _EMPTIES.match(statement.sql):
        return _ASSUMED
    work = _work(statement, sizes)
    if work is None:
        return None
    if not work.most:
        return _ASSUMED
    high = work.most * _SLOWER + _ASSUMED.high
    return Seconds(round(work.least / _FASTER, 3), round(high, 3), "inferred")


def narrowed(inferred: Seconds | None, took: float | None) -> Seconds | None:
    """Return *inferred*, or what follows from the seconds that the statement *took* here before.

    The record has not how large the tables were then. A time outside of the range is one of other
    tables, such as of empty ones.
    """
    if inferred is None or took is None or inferred.known != "inferred":
        return inferred
    if not inferred.low <= took <= inferred.high:
        return inferred
    return Seconds(round(took / _TWICE, 3), round(took * _TWICE, 3), "measured")


def _work(statement: Statement, sizes: Mapping[str, Size]) -> _Work | None:
    if _WHOLE.match(statement.sql):
        return _updating(statement.writes, sizes)
    is_ddl = _DDL.match(statement.sql) and not _QUERIES.match(statement.sql)
    if statement.writes or not (is_ddl or statement.changes):
        return None
    names = {*statement.rewrites, *statement.scans}
    if not all(name in sizes and sizes[name].rows is not None for name in names):
        return None
    if _OTHER_METHOD.search(statement.sql):
        return None
    return sum((_on(name, statement, sizes[name]) for name in names), _Work())


def _updating(written: Iterable[str], sizes: Mapping[str, Size]) -> _Work | None:
    """Return the work of UPDATE or DELETE of every row of the one table that is *written*."""
    found = [sizes.get(name) for name in written]
    if len(found) != 1 or found[0] is None or found[0].rows is None:
        return None
    rows = found[0].rows
    return _Work(rows * _UPDATED_ROW / 3, rows * _UPDATED_ROW * (1 + found[0].indexes))


def _on(name: str, statement: Statement, size: Size) -> _Work:
    """Return the work of *statement* on what is called *name*, whose rows are known."""
    rows = size.rows or 0
    scan = rows * _SCANNED_ROW + size.heap_bytes * _SCANNED_BYTE
    scanning = _Work(scan, scan)
    least = rows * _INDEXED_ROW
    indexing = _Work(least, least + size.heap_bytes * _INDEXED_BYTE)
    if size.is_index:
        return indexing
    if name in statement.rewrites:
        rewriting = rows * _REWRITTEN_ROW + size.heap_bytes * _REWRITTEN_BYTE
        return _Work(rewriting, rewriting)
    if any(_refers(each) for each in statement.changes):
        return scanning + _Work(rows * _REFERRING_ROW, rows * _REFERRING_ROW)
    if " where " in statement.sql.lower():
        indexing = _Work(0.0, indexing.most)
    new = sum(each.kind in _INDEXING for each in statement.changes)
    new = new or bool(_INDEX.match(statement.sql))
    times = _CONCURRENTLY if statement.is_alone else 1.0
    return scanning + indexing * (new * times)


def _refers(change: Change) -> bool:
    if change.kind is ChangeKind.VALIDATE:
        return change.definition.startswith("FOREIGN KEY")
    return change.kind is ChangeKind.ADD_FOREIGN_KEY and change.is_valid
