"""A value as pydantic takes it: its parts read, and over the default of a table."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from sst.config.declared.annotations import choices, is_literal, model_of
from sst.config.declared.durations import duration_of
from sst.config.declared.nested import change_parts, literals, meant_by
from sst.config.declared.setting import default_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sst.config.declared.annotations import Annotation
    from sst.config.declared.nested import Part
    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import Value


def read_parts(value: Value, setting: Setting) -> Value:
    """Return *value* with what pydantic reads from no text: `2h`, and numbers of a choice."""
    return change_parts(setting, value, _read)


def _read(part: Part) -> Value:
    text, allowed = part.value, choices(part.annotation)
    if not isinstance(text, str) or str in allowed:
        return text
    is_duration = timedelta in allowed
    if is_duration and not (text.strip()[-1:].isdigit() and {int, float}.intersection(allowed)):
        found = duration_of(text)
        return text if found is None else found
    return next((one for one in _choices_of(allowed) if str(one) == text.strip()), text)


def _choices_of(allowed: tuple[Annotation, ...]) -> Iterator[int | float]:
    """Yield the numbers that are choices of the types *allowed*."""
    for one in allowed:
        given = get_args(one) if is_literal(one) else ()
        if isinstance(one, type) and issubclass(one, Enum):
            given = tuple(each.value for each in one)
        yield from (each for each in given if isinstance(each, int | float))


def over_defaults(model: type[BaseModel], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return *data* with what the default of a table has beside it: a table is merged.

    Where *data* says that another of several tables is meant, the default has no part in it.
    """
    found = dict(data)
    for name, given in data.items():
        info = model.model_fields.get(name)
        if info is None or not isinstance(given, dict):
            continue
        meant, default = meant_by(info.annotation, given), default_of(info)
        if meant is None or isinstance(default, meant):
            found[name] = _merged(default, given)
    return found


def _merged(default: object, given: dict[str, Any]) -> dict[str, Any]:
    if isinstance(default, BaseModel):
        said = default.model_fields_set
        infos = type(default).model_fields
        # What says which of several tables it is may be a default of its own.
        tags = (name for name, info in infos.items() if literals(info.annotation))
        own = {key: getattr(default, key) for key in (*said, *tags)}
        return over_defaults(type(default), own | given)
    if is_dataclass(default) and not isinstance(default, type):
        return {each.name: getattr(default, each.name) for each in fields(default)} | given
    return given


def with_tables(
    model: type[BaseModel], data: Mapping[str, Any], around: tuple[type[BaseModel], ...] = ()
) -> dict[str, Any]:
    """Return *data* with an empty table where a required one is missing.

    A table exists when all of its keys have defaults; else pydantic says which one is missing.
    """
    found = dict(data)
    for name, info in model.model_fields.items():
        inner = model_of(info.annotation)
        if inner is None or inner in (model, *around):
            continue
        is_optional = type(None) in get_args(info.annotation)
        if name not in found and info.is_required() and not is_optional:
            found[name] = {}
        if isinstance(found.get(name), dict):
            found[name] = with_tables(inner, found[name], (model, *around))
    return found
