"""Merge tables key by key, also one inside a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.config.binding.read_value import UnreadableError, convert_part
from sst.config.declared.names import fold
from sst.config.declared.nested import below, meant_by, members_at, members_of
from sst.config.habits.list_markers import appended, grows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.config.declared.annotations import Annotation


def merge(
    table: dict[str, Any], given: Mapping[str, Any], annotation: Annotation, *, is_text: bool
) -> None:
    """Put *given* into *table*, whose declared type is *annotation*.

    A variable's keys have no case (*is_text*): they find the key that is there, or the field of a
    model there, whatever its case; one that finds none stays as it is written. Its values are
    read by the type that is declared for their place. An alias is the field that it names.
    Where *given* says which of several tables is meant, the keys of the others go.
    Raises `UnreadableError` where one of the two is a table and the other is not.
    """
    spelled = {
        _spelled(key, table, annotation, is_text=is_text): new for key, new in given.items()
    }
    if (meant := meant_by(annotation, spelled)) is not None:
        others = {name for name, _ in members_at(annotation).values()} - members_of(meant).keys()
        for key in table.keys() & others:
            del table[key]
    for key, new in spelled.items():
        old, inner = table.get(key), below(annotation, key)[0]
        if isinstance(new, dict) and isinstance(old, dict | None):
            merge(table.setdefault(key, {}), new, inner, is_text=is_text)
        elif isinstance(new, dict) != isinstance(old, dict) and key in table:
            message = "is a value here and a table there"
            raise UnreadableError(message)
        else:
            value = convert_part(new, inner) if is_text and isinstance(new, str) else new
            below_it = old if isinstance(old, list) else ()
            table[key] = appended(below_it, value) if grows(value) else value


def _spelled(key: str, table: Mapping[str, Any], annotation: Annotation, *, is_text: bool) -> str:
    """Return the key that *key* means: itself or an alias, else the same in another case."""
    members = members_at(annotation)
    found = key
    if is_text and key not in members and key not in table:
        found = next((one for one in (*table, *members) if fold(one) == fold(key)), key)
    return members[found][0] if found in members else found
