"""Drift: two shapes of a schema compared, and the objects outside every comparison left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.bridge.models.ignored_tables import is_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.migrator.schema.shape import Shape

_RELATION = re.compile(
    r"(?:table|column|constraint|index|trigger|policy|(?:materialized )?view|sequence) "
    r'("(?:[^"]|"")+"|[^."]+)\.("(?:[^"]|"")+"|[^."]+)'
)
_PARTS = ("column", "constraint", "index", "trigger", "policy")


def without(shape: Shape, patterns: Sequence[str], default_schema: str) -> Shape:
    """Return *shape* without tables, views and sequences that *patterns* name, and their parts.

    A pattern without a schema is for *default_schema*.
    """

    def is_kept(name: str) -> bool:
        found = _RELATION.match(name)
        if not found:
            return True
        schema, relation = (_plain(each) for each in found.groups())
        return not is_named(patterns, schema, relation, default_schema)

    return {name: value for name, value in shape.items() if is_kept(name)} if patterns else shape


def _plain(identifier: str) -> str:
    """Return *identifier* without the quotes that the server wrote it in."""
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


def changes(before: Shape, after: Shape) -> tuple[str, ...]:
    """Return what happened to each object, in words; the parts of a table go with the table."""
    moved = dict.fromkeys(after.keys() - before.keys(), "was added")
    moved |= dict.fromkeys(before.keys() - after.keys(), "was removed")
    whole = [name.removeprefix("table ") for name in moved if name.startswith("table ")]
    lost = {f"{part} {table}." for table in whole for part in _PARTS}
    moved = {name: word for name, word in moved.items() if not name.startswith(tuple(lost))}
    moved |= {
        name: "was changed" for name in before if before[name] != after.get(name, before[name])
    }
    return tuple(f"{name} {moved[name]}" for name in sorted(moved))


def patched(known: Shape, before: Shape, after: Shape) -> Shape:
    """Return *known* with what happened between *before* and *after*, and nothing else.

    What was another already before stays as it is known.
    """
    touched = {
        name for name in before | after if known.get(name) == before.get(name) != after.get(name)
    }
    kept = {name: value for name, value in known.items() if name not in touched}
    return kept | {name: value for name, value in after.items() if name in touched}
