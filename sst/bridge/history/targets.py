"""Reads a target as the operator wrote it, and refuses what no revision answers to."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.bridge.history.broken_files import PLACES
from sst.errors import AmbiguousRevisionError, RevisionNotFoundError, UsageError
from sst.hooks.contract.revisions import Direction
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sst.bridge.history.history import History

_RELATIVE = re.compile(r"(?:(?P<label>.+?)@)?(?P<symbol>\w+)?(?P<distance>[+-]\d+)")
_SHORTEST_PREFIX = 4
"""Characters, as in Alembic's own ids of twelve: a number of steps without its sign is shorter."""
_NEAREST = 3
_HISTORY = "`python migrate.py history` lists all revisions"


@dataclass(frozen=True, slots=True)
class Target:
    """A target's parts: `label@symbol+distance`."""

    text: str
    label: str | None
    symbol: str | None
    distance: int = 0

    @property
    def is_relative(self) -> bool:
        """Whether it counts from where the database is, as `+1` does."""
        return self.symbol is None


def read_target(
    text: str, direction: Direction, history: History, *, counts: bool = True
) -> Target:
    """Return the parts of the target *text*; *counts* says whether it may be a number of steps.

    Raises `UsageError` for a range or for a distance in the wrong direction,
    `RevisionNotFoundError` and `AmbiguousRevisionError` for what *history* cannot answer.
    """
    target = _parts(text.strip())
    _refuse_wrong_way(target, direction)
    if target.label is not None:
        _require_label(target.label, history)
    if target.symbol is not None and target.symbol not in PLACES:
        sign = "+" if direction is Direction.UPGRADE else "-"
        _require_one(target.symbol, history, sign if counts else "")
    return target


def unknown(symbol: str, history: History) -> RevisionNotFoundError:
    """Return the error for a revision that no file holds, with the nearest ids."""
    near = nearest(symbol, [*history.ids, *history.labels])
    return RevisionNotFoundError(
        what=f"There is no revision {symbol!r}.",
        why=f"the nearest: {listed(near)}" if near else f"{len(history.ids)} revisions are known",
        next_step=_HISTORY,
    )


def nearest(symbol: str, known: Iterable[str]) -> list[str]:
    """Return up to three of *known* that look like *symbol*."""
    return difflib.get_close_matches(symbol, sorted(known), _NEAREST, 0.5)


def _parts(text: str) -> Target:
    if not text or ":" in text:
        raise UsageError(
            what=f"{text!r} is not a target." if text else "The target is empty.",
            why="a range from:to has no meaning here: the start is where the database is",
            next_step="write one target, such as head, heads, +1, -1, base, an id or label@head",
        )
    if match := _RELATIVE.fullmatch(text):
        return Target(text, match["label"], match["symbol"], int(match["distance"]))
    label, separator, symbol = text.rpartition("@")
    return Target(text, label if separator else None, symbol)


def _refuse_wrong_way(target: Target, direction: Direction) -> None:
    up = direction is Direction.UPGRADE
    wrong = target.distance <= 0 if up else target.distance >= 0
    if target.is_relative and wrong:
        other = Direction.DOWNGRADE if up else Direction.UPGRADE
        raise UsageError(
            what=f"{direction} cannot go {target.text}.",
            why=f"an {direction} goes {'up: +1, +2' if up else 'down: -1, -2'}",
            next_step=f"use `{other} {target.text}`, or turn the sign",
        )


def _require_label(label: str, history: History) -> None:
    if label not in history.labels and not _fitting(label, history):
        near = nearest(label, history.labels) or history.labels
        raise RevisionNotFoundError(
            what=f"There is no branch {label!r}.",
            why=f"the labels are: {listed(near)}" if near else "no revision has a branch label",
            next_step=_HISTORY,
        )


def _require_one(symbol: str, history: History, sign: str) -> None:
    """Raise unless *symbol* is the id or the label of a revision, or begins one id of several.

    A number that is none of them is answered with itself behind *sign*, where steps are counted.
    Raises `RevisionNotFoundError` and `AmbiguousRevisionError`.
    """
    if symbol in history.labels:
        return
    found = _fitting(symbol, history)
    if len(found) > 1:
        raise _several(symbol, found)
    if not found:
        raise _too_short(symbol, history, sign) or unknown(symbol, history)


def _several(symbol: str, found: list[str]) -> AmbiguousRevisionError:
    error = AmbiguousRevisionError(
        what=f"{symbol!r} fits {len(found)} revisions.",
        why=listed(found),
        next_step="write more characters of the id",
    )
    error.revisions = tuple(found)
    return error


def _fitting(symbol: str, history: History) -> list[str]:
    """Return the id *symbol*, else the ids that begin with it when it is long enough for that."""
    if symbol in history.ids:
        return [symbol]
    if len(symbol) < _SHORTEST_PREFIX:
        return []
    return sorted(each for each in history.ids if each.startswith(symbol))


def _too_short(symbol: str, history: History, sign: str) -> RevisionNotFoundError | None:
    """Return the error for a few characters that begin an id, or for steps without their sign."""
    counted = f"did you mean {sign}{symbol}?" if sign and symbol.isdecimal() else ""
    begun = sum(each.startswith(symbol) for each in history.ids)
    if len(symbol) >= _SHORTEST_PREFIX or not (begun or counted):
        return None
    return RevisionNotFoundError(
        what=f"There is no revision {symbol!r}.",
        why=f"a prefix of an id has at least {_SHORTEST_PREFIX} characters",
        next_step=counted or f"write more characters of the id; {_HISTORY}",
    )
