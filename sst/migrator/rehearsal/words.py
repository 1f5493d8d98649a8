"""One statement of a plan in words: what it keeps waiting, how large that is, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks.contract.plan.lock_modes import EVERYTHING, NOTHING
from sst.text import counted, listed, size_text, span_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sst.hooks.contract.plan.statement import Lock, Seconds, Statement

SHOWN_RELATIONS = 2
_LONG_SECONDS = 1.0
_LEAST_SECONDS = 0.1
_FEW_SECONDS = 10
_MINUTE = 60
_LOCK = "Lock"
_TRUNCATE = "truncate"


def effect(statement: Statement) -> str:
    """Return what *statement* keeps waiting, and how large what it scans or rewrites is."""
    if statement.blocks is None:
        return "not observed"
    of, still = "", ""
    if statement.blocks != NOTHING:
        of = f" of {relations_text(blocked(statement))}"
        still = "still " if all(each.is_held for each in _blocking(statement)) else ""
    size = size_of(statement)
    does = f"{_does(statement)}{f' ({size})' if size else ''}"
    return f"{still}blocks {statement.blocks}{of}{does}"


def _does(statement: Statement) -> str:
    """Return what *statement* scans or rewrites; by name where others wait for another table."""
    named = statement.rewrites or statement.scans
    if not named:
        return ""
    is_other = statement.blocks != NOTHING and not set(named) & set(blocked(statement))
    verb = "rewrites" if statement.rewrites else "scans"
    if statement.sql[: len(_TRUNCATE)].lower() == _TRUNCATE:
        verb = "empties"
    return f", {verb} {relations_text(named)}" if is_other else f", {verb}"


def blocked(statement: Statement) -> list[str]:
    """Return the tables on which others wait for *statement*; without one, what is no table."""
    found = _blocking(statement)
    tables = [lock.relation for lock in found if lock.is_table]
    return tables or [lock.relation for lock in found]


def _blocking(statement: Statement) -> list[Lock]:
    return [lock for lock in statement.locks if lock.blocks == statement.blocks]


def relations_text(names: Iterable[str]) -> str:
    """Return the first of *names*, those of the usual schema without it."""
    return listed((name.removeprefix("public.") for name in names), most=SHOWN_RELATIONS)


def size_of(statement: Statement) -> str:
    """Return rows and bytes of what *statement* is about, as far as they are known."""
    known = [
        *([counted(statement.rows, "row")] if statement.rows is not None else []),
        *([size_text(statement.bytes)] if statement.bytes is not None else []),
    ]
    return ", ".join(known)


def time_of(seconds: Seconds | None) -> str:
    """Return the range *seconds* and how it is known: `2-9 s, inferred`; empty for None."""
    return f"{range_text(seconds.low, seconds.high)}, {seconds.known}" if seconds else ""


def range_text(low: float, high: float) -> str:
    """Return a range of seconds: `up to 0.2 s`, `0.2-0.9 s`, `2-9 s`, `40 s to 3 min 20 s`."""
    if high < _LEAST_SECONDS:
        return f"under {_LEAST_SECONDS:g} s"
    if high >= _MINUTE:
        first, last = span_text(low), span_text(high)
        if low < 1:
            return f"up to {last}"
        return last if first == last else f"{first} to {last}"
    first, last = _number(low, high), _number(high, high)
    if first == "0":
        return f"up to {last} s"
    return f"{last} s" if first == last else f"{first}-{last} s"


def is_long(statement: Statement) -> bool:
    """Say whether others would notice how long *statement* keeps them waiting."""
    if statement.seconds:
        return statement.seconds.high >= _LONG_SECONDS
    return bool(statement.scans or statement.rewrites)


def colour_of(statement: Statement) -> str | None:
    """Return the colour of the danger of *statement*: none, yellow, or red where it is long."""
    if statement.blocks == NOTHING:
        return None
    return "red" if statement.blocks and is_long(statement) else "yellow"


def strongest_lock(statement: Statement) -> str:
    """Return the strongest lock of *statement* in short: `AccessExclusive`; empty without one."""
    found = _blocking(statement) if statement.blocks != NOTHING else []
    return found[0].mode.removesuffix(_LOCK) if found else ""


def calls_text(statement: Statement) -> str:
    """Return how often others use what *statement* blocks, where that is known."""
    calls = statement.calls_per_minute
    if calls is None:
        return ""
    return f"{counted(round(calls), 'statement')} a minute on what it blocks"


def details_of(statement: Statement) -> Iterator[str]:
    """Give locks, rewrites and scans, the reason, and the place of *statement*."""
    yield ", ".join(
        f"{lock.mode} on {lock.relation}{' (already held)' if lock.is_held else ''}"
        for lock in statement.locks
    )
    yield "; ".join(
        f"{verb} {', '.join(names)}"
        for verb, names in (("rewrites", statement.rewrites), ("scans", statement.scans))
        if names
    )
    yield statement.because or statement.unseen or ""
    yield f"{statement.file}:{statement.line}"


def strength(blocks: str | None) -> int:
    """Return a number by which what *blocks* can be compared."""
    return (None, NOTHING, "writes", EVERYTHING).index(blocks)


def _number(value: float, high: float) -> str:
    return f"{value:.0f}" if high >= _FEW_SECONDS else f"{value:.1f}".removesuffix(".0")
