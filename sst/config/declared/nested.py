"""The parts of a setting's value, each with its declared type: items of lists, keys of tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import chain
from typing import (
    TYPE_CHECKING,
    Any,
    TypeAlias,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, RootModel

from sst.config.declared.annotations import (
    Annotation,
    choices,
    is_literal,
    is_mapping,
    is_secret,
    is_secret_field,
    is_typed_dict,
)
from sst.config.declared.names import fold
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


@dataclass(frozen=True, slots=True)
class Member:
    """One key of a table: a field of a model, of a dataclass or of a `TypedDict`."""

    annotation: Annotation
    is_secret: bool
    spellings: tuple[str, ...]
    """Its name, then its aliases."""

    @property
    def alias(self) -> str:
        """Its first alias, else its name."""
        return self.spellings[:2][-1]


def members_of(one: Annotation) -> dict[str, Member]:
    """Return the keys that the type *one* declares by name; nothing of another type."""
    is_model = isinstance(one, type) and issubclass(one, BaseModel)
    infos = one.model_fields if is_model else getattr(one, "__pydantic_fields__", None)
    if infos:
        return {name: _member(name, info) for name, info in infos.items()}
    return {
        name: Member(found, is_secret(found, name), (name,)) for name, found in _hints(one).items()
    }


def members_at(annotation: Annotation) -> dict[str, tuple[str, Member]]:
    """Return every key of a table of the type *annotation* by each of its spellings."""
    return {
        spelling: (name, member)
        for one in choices(annotation)
        for name, member in members_of(one).items()
        for spelling in member.spellings
    }


def meant_by(annotation: Annotation, table: Mapping[str, Any]) -> Annotation | None:
    """Return the one of several tables that *table* says to be by a key such as `kind`.

    None when there is no choice, or *table* does not say.
    """
    tables = [one for one in choices(annotation) if members_of(one)]
    fits = [one for one in tables if _is_said(one, table)]
    return fits[0] if len(tables) > 1 and len(fits) == 1 else None


def _is_said(one: Annotation, table: Mapping[str, Any]) -> bool:
    said = [
        table[name] in literals(member.annotation)
        for name, member in members_of(one).items()
        if name in table and isinstance(table[name], str) and literals(member.annotation)
    ]
    return bool(said) and all(said)


def literals(annotation: Annotation) -> list[Any]:
    """Return the values of the `Literal` that *annotation* is; nothing when it is none."""
    found = [one for one in choices(annotation) if is_literal(one)]
    return [getattr(arg, "value", arg) for one in found for arg in get_args(one)]


def below(annotation: Annotation, step: Step) -> tuple[Annotation, bool]:
    """Return the declared type at *step* in a value of the type *annotation*, and its secrecy."""
    for one in choices(annotation):
        found = _item(one, step) if isinstance(step, int) else _at_key(one, step)
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
    for one in choices(annotation):
        config = getattr(one, "model_config", None) or {}
        if one in (Any, object) or is_mapping(one) or config.get("extra") == "allow":
            return ()
    return tuple(members_at(annotation))


def written(place: Sequence[Step]) -> str:
    """Return *place* as a person reads it behind a setting's name: `[1].host`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def _changed(part: Part, change: Callable[[Part], Any]) -> Any:  # noqa: ANN401
    value = part.value.root if isinstance(part.value, RootModel) else part.value
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
    return change(part if value is part.value else replace(part, value=value))


def _steps(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
    if isinstance(value, BaseModel):
        return list(value)
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, set | frozenset):
        return list(enumerate(sorted(value, key=str)))
    if isinstance(value, list | tuple):
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


def _at_key(one: Annotation, key: str) -> tuple[Annotation, bool] | None:
    """Return what is declared of *key* in the table *one*; None when it has no such key."""
    members = members_of(one).values()
    exact = (member for member in members if key in member.spellings)
    # A variable's keys have no case.
    folded = (member for member in members if fold(key) in map(fold, member.spellings))
    if member := next(chain(exact, folded), None):
        return member.annotation, member.is_secret
    if not is_mapping(one) or len(get_args(one)) < 2:  # noqa: PLR2004 - of keys and values
        return None
    found = get_args(one)[1]
    return found, is_secret(found, key)


def _member(name: str, info: FieldInfo) -> Member:
    return Member(info.annotation, is_secret_field(name, info), spellings(name, info))


def _hints(one: Annotation) -> dict[str, Annotation]:
    """Return the fields of a dataclass or a TypedDict by name."""
    if not (is_dataclass(one) or is_typed_dict(one)):
        return {}
    try:
        found = get_type_hints(one, include_extras=True)
    except NameError:
        return {}
    names = [each.name for each in fields(one)] if is_dataclass(one) else list(found)
    return {name: found[name] for name in names if name in found}
