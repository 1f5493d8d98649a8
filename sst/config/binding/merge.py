"""Merge tables key by key, also one inside a setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from sst.config.binding.read_value import UnreadableError
from sst.config.declared.annotations import Annotation, choices, is_mapping, model_of
from sst.config.declared.names import fold
from sst.config.habits.list_markers import appended, grows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def merge(
    table: dict[str, Any], value: Mapping[str, Any], annotation: Annotation, *, is_cased: bool
) -> None:
    """Put *value* into *table*, whose declared type is *annotation*.

    A variable's keys have no case (not *is_cased*): they find the key that is there, or the field
    of the model there, whatever its case; one that finds none stays as it is written.
    Raises `UnreadableError` where one of the two is a table and the other is not.
    """
    for written, new in value.items():
        key = written if is_cased else _spelled(written, (*table, *_fields(annotation)))
        old = table.get(key)
        if isinstance(new, dict) and isinstance(old, dict | None):
            merge(table.setdefault(key, {}), new, _below(annotation, key), is_cased=is_cased)
        elif isinstance(new, dict) != isinstance(old, dict) and key in table:
            message = "is a value here and a table there"
            raise UnreadableError(message)
        elif grows(new):
            table[key] = appended(old if isinstance(old, list) else (), new)
        else:
            table[key] = new


def _spelled(key: str, known: Iterable[str]) -> str:
    """Return the *known* key that *key* means: itself, else the same in another case."""
    found = list(known)
    return key if key in found else next((one for one in found if fold(one) == fold(key)), key)


def _fields(annotation: Annotation) -> tuple[str, ...]:
    model = model_of(annotation)
    return tuple(model.model_fields) if model else ()


def _below(annotation: Annotation, key: str) -> Annotation:
    """Return the declared type of what stands at *key* in a value of the type *annotation*."""
    model = model_of(annotation)
    if model:
        field = model.model_fields.get(key)
        return field.annotation if field else Any
    tables = [one for one in choices(annotation) if is_mapping(one)]
    return get_args(tables[0])[1] if tables and len(get_args(tables[0])) > 1 else Any
