"""Locks that a transaction holds while more is done, and work that no other rule knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks import listed

from . import code, steps
from .seen import EVERYTHING, Seen, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.hooks import Finding

_AND = 2
_SHOWN = 3
# A view that is filled so is read meanwhile; nobody writes to it.
_READS_GO_ON = "refresh materialized view concurrently"


def judge_locks(seen: Seen) -> Iterator[Finding]:
    """Give what is against one more table that is locked in the same transaction."""
    more = [each for each in seen.own if each not in seen.before]
    others = [each for each in seen.before if each not in seen.own]
    if more and others:
        what = (
            f"it locks {_listed(more)} while the transaction holds {_listed(others)}: "
            "what waits for one of them waits for both"
        )
        yield finding("two-tables-locked", what, seen.behind_columns(steps.alone(seen.sql)))


def judge_work(seen: Seen) -> Iterator[Finding]:
    """Give what is against work that no other rule has spoken about."""
    if seen.rewritten:
        [table, *_] = seen.rewritten
        what = f"it writes {code.shown(table)} anew while {seen.waits(table)} wait"
        yield finding("rewrite", what)
    elif seen.scanned and not seen.says(_READS_GO_ON):
        yield from _scan(seen)


def _scan(seen: Seen) -> Iterator[Finding]:
    shown = _listed(list(seen.scanned))
    own = [each for each in seen.scanned if each in seen.own]
    if own:
        what = f"it scans {shown} while {seen.waits(own[0])} wait"
        yield finding("scan-under-lock", what)
    elif seen.held:
        held = [each for each in seen.held if seen.held[each] == EVERYTHING] or list(seen.held)
        what = (
            f"it scans {shown} while {seen.held[held[0]]} of {_listed(held)} wait "
            "for a lock that the transaction has taken before"
        )
        instead = steps.alone(seen.sql)
        yield finding("work-under-lock", what, instead, is_certain=not seen.is_read_or_write)
    else:
        locked, waits = next(iter(seen.own.items()))
        what = f"it scans {shown} while {waits} of {code.shown(locked)} wait"
        yield finding("scan-under-lock", what, is_certain=not seen.is_read_or_write)


def _listed(tables: list[str]) -> str:
    shown = [code.shown(each) for each in tables]
    return " and ".join(shown) if len(shown) <= _AND else listed(shown, most=_SHOWN)
