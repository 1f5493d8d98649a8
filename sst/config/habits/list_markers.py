"""Lists that grow by an item of their own, `"dynaconf_merge"`, as Dynaconf has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MERGE = "dynaconf_merge"
UNIQUE = "dynaconf_merge_unique"
MARKERS = (MERGE, UNIQUE)
"""The items of a list that say: append the others to the list of the source below."""


def grows(value: object) -> bool:
    """Say whether *value* is a list that is appended to that of the source below."""
    return isinstance(value, list) and any(marker in value for marker in MARKERS)


def without_markers(value: Iterable[Any]) -> list[Any]:
    """Return the items of *value* that are meant as values."""
    return [item for item in value if item not in MARKERS]


def appended(below: Iterable[Any], value: Sequence[Any]) -> list[Any]:
    """Return the items *below* and behind them those of *value*.

    As with Dynaconf a list that says nothing new changes nothing, and with
    `"dynaconf_merge_unique"` an item that both have is left out *below*.
    """
    before, items = list(below), without_markers(value)
    if before == items:
        return items
    for item in reversed(before):
        if UNIQUE not in value or item not in items:
            items.insert(0, item)
    return items
