"""Merge tables key by key, also one inside a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.config.binding.read_value import UnreadableError, convert_part
from sst.config.declared.annotations import Annotation, choices
from sst.config.declared.names import fold
from sst.config.declared.nested import below, fields_of
from sst.config.habits.list_markers import appended, grows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def merge(
    table: dict[str, Any], given: Mapping[str, Any], annotation: Annotation, *, is_text: bool
) -> None:
    """Put *given* into *table*, whose declared type is *annotation*.

    A variable's keys have no case (*is_text*): they find the key that is there, or the field of a
    model there, whatever its case; one that finds none stays as it is written. Its values are
    read by the type that is declared for their place.
    Raises `UnreadableError` where one of the two is a table and the other is not.
    """
    for written, new in given.items():
        key = _spelled(written, (*table, *_fields(annotation))) if is_text else written
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


def _spelled(key: str, known: Iterable[str]) -> str:
    """Return the *known* key that *key* means: itself, else the same in another case."""
    found = list(known)
    return key if key in found else next((one for one in found if fold(one) == fold(key)), key)


def _fields(annotation: Annotation) -> tuple[str, ...]:
    return tuple(name for one in choices(annotation) for name in fields_of(one))
