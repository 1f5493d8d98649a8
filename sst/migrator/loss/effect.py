"""The values that a statement's effects are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sst.migrator.loss.reading import Name

WITH_DATA = {
    *("table", "column", "materialized view", "foreign table", "view", "sequence", "schema"),
    *("type", "domain", "extension", "attribute"),
}
"""The kinds that are named each by itself; the others hold no data, and are counted."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a statement takes away."""

    verb: str
    """`drops`, `empties`, `deletes all rows of`, `deletes some rows of`, `changes rows of`,
    `changes the type of`."""
    kind: str
    """`table`, `column`, `index` and so on."""
    name: Name
    column: str = ""
    cascade: bool = False
    """Whether all that depends on it goes with it."""


@dataclass(frozen=True, slots=True)
class Rename:
    """A table, or one of its columns, that has another name for what follows."""

    name: Name
    new: Name
    column: str = ""
    new_column: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A statement whose effects cannot be known without running it."""

    why: str
    function: Name = ()
    """The function that it calls, and which may be a built-in one."""


Found = Effect | Rename | Unknown
