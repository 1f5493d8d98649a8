"""The parts of a setting's value, each with its declared type: items of lists, keys of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    TypeAlias,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic import BaseModel

from sst.config.declared.annotations import Annotation, choices, is_mapping, is_secret
from sst.config.declared.setting import spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pydantic.fields import FieldInfo

    from sst.config.declared.setting import Setting

Step: TypeAlias = "str | int"
"""A key of a table, or the index of an item."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a value that has no parts itself."""

    value: Any = field(repr=False)
    annotation: Annotation
    is_secret: bool
    place: tuple[Step, ...]


def change_parts(setting: Setting, value: Any, change: Callable[[Part], Any]) -> Any:  # noqa: ANN401 - any value
    """Return *value* of *setting* with its parts as *change* makes them; models become tables."""
    return _changed(Part(value, setting.annotation, setting.is_secret, ()), change)


def parts_of(setting: Setting, value: Any) -> Iterator[Part]:  # noqa: ANN401 - any value
    """Yield the parts of *value*, which *setting* has or a source gives."""
    found: list[Part] = []
    change_parts(setting, value, found.append)
    yield from found


def below(annotation: Annotation, step: Step) -> tuple[Annotation, bool]:
    """Return the declared type at *step* in a value of the type *annotation*, and its secrecy."""
    for one in choices(annotation):
        found = _item(one, step) if isinstance(step, int) else _member(one, step)
        if found is not None:
            return found
    return Any, is_secret(Any, str(step))


def unknown_keys(
    annotation: Annotation,
    value: object,
    place: tuple[Step, ...] = (),
) -> Iterator[tuple[tuple[Step, ...], tuple[str, ...]]]:
    """Yield the place of each key in *value* that no model there has, and the keys that it has."""
    for step, part in _steps(value):
        known = known_keys(annotation)
        if isinstance(step, str) and known and step not in known:
            yield (*place, step), known
        else:
            yield from unknown_keys(below(annotation, step)[0], part, (*place, step))


def known_keys(annotation: Annotation) -> tuple[str, ...]:
    """Return every key that a table of the type *annotation* may have; nothing when any may."""
    found: list[str] = []
    for one in choices(annotation):
        if not (isinstance(one, type) and issubclass(one, BaseModel)):
            return ()
        if one.model_config.get("extra") == "allow":
            return ()
        found += [key for name, info in fields_of(one).items() for key in spellings(name, info)]
    return tuple(dict.fromkeys(found))


def fields_of(one: Annotation) -> Mapping[str, FieldInfo]:
    """Return the fields of a model; nothing of another type."""
    is_model = isinstance(one, type) and issubclass(one, BaseModel)
    return one.model_fields if is_model else {}


def written(place: Sequence[Step]) -> str:
    """Return *place* as a person reads it behind a setting's name: `[1].host`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def _changed(part: Part, change: Callable[[Part], Any]) -> Any:  # noqa: ANN401
    value = part.value
    found = [
        (
            step,
            _changed(
                Part(inner, annotation, part.is_secret or secret, (*part.place, step)), change
            ),
        )
        for step, inner in _steps(value)
        for annotation, secret in [below(part.annotation, step)]
    ]
    if isinstance(value, Mapping | BaseModel):
        return dict(found)
    if isinstance(value, list | tuple | set | frozenset):
        return [inner for _, inner in found]
    return change(part)


def _steps(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
    if isinstance(value, BaseModel):
        return list(value)
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return list(enumerate(value))
    return []


def _item(one: Annotation, index: int) -> tuple[Annotation, bool] | None:
    """Return what is declared of an item of the list *one*; None when it is no list."""
    origin: Any = get_origin(one)
    arguments = get_args(one)
    if not isinstance(origin, type) or not arguments or is_mapping(one):
        return None
    if origin is tuple and Ellipsis not in arguments:
        found = arguments[index] if index < len(arguments) else Any
    else:
        found = arguments[0]
    return found, is_secret(found, "")


def _member(one: Annotation, key: str) -> tuple[Annotation, bool] | None:
    """Return what is declared of *key* in the table *one*; None when it has no such key."""
    for name, info in fields_of(one).items():
        if key in spellings(name, info):
            extra = info.json_schema_extra
            declared = extra.get("secret") if isinstance(extra, dict) else None
            return info.annotation, is_secret(info.annotation, name, declared=declared)
    found = get_args(one)[1] if is_mapping(one) and len(get_args(one)) > 1 else None
    if found is None:
        found = _hints(one).get(key)
    return None if found is None else (found, is_secret(found, key))


def _hints(one: Annotation) -> dict[str, Annotation]:
    """Return the fields of a dataclass or a TypedDict by name."""
    if not (is_dataclass(one) or is_typeddict(one)):
        return {}
    try:
        return get_type_hints(one, include_extras=True)
    except NameError:
        return {}
