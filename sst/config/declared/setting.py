"""One setting, and the settings that a model declares."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from sst.config.declared.annotations import (
    Kind,
    choices,
    describe,
    has_keys,
    is_mapping,
    is_path,
    is_secret_field,
    kind_of,
    model_of,
    takes_keys,
)
from sst.config.declared.names import APP, key_of, name_of
from sst.config.declared.schema import NOT_FROM_SOURCES, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Setting:
    """One setting as its model declares it."""

    path: tuple[str, ...]
    annotation: Any
    description: str
    default: Any = field(repr=False)
    is_required: bool
    is_secret: bool
    is_url: bool
    is_path: bool = False
    """Whether it is a path."""
    plugin: str | None = None
    is_policy: bool = False
    """Whether the core reads it, in a plugin's section."""
    is_declared: bool = False
    """Whether only the section of an environment in settings.toml may say it."""
    other_paths: tuple[tuple[str, ...], ...] = ()
    """Its further spellings, by the aliases of its model."""

    @cached_property
    def name(self) -> str:
        """The name in the environment."""
        return name_of(self.path)

    @property
    def key(self) -> str:
        """The name in a file, below its section."""
        return key_of(self.path)

    @property
    def owner(self) -> str:
        """Whose it is, in words."""
        is_own = self.path[0] == APP and len(self.path) > 1
        return self.plugin or ("the application" if is_own else "the core")

    @cached_property
    def kind(self) -> Kind:
        """How its text is read."""
        return kind_of(self.annotation)

    @cached_property
    def is_table(self) -> bool:
        """Say whether keys may stand below it that are no settings of their own."""
        return takes_keys(self.annotation)

    @cached_property
    def is_mapping(self) -> bool:
        """Say whether it is a table of any keys."""
        return is_mapping(self.annotation)

    @property
    def type_name(self) -> str:
        """The type in words."""
        return "secret" if self.is_secret else describe(self.annotation)


def settings_of(
    model: type[BaseModel],
    prefix: tuple[str, ...],
    plugin: str | None = None,
) -> Iterator[Setting]:
    """Yield the settings of *model* below *prefix*, tables inside it opened."""
    yield from _open(model, _Place((prefix,), plugin, (model,), None))


def spellings(name: str, info: FieldInfo) -> tuple[str, ...]:
    """Return the names of a field: its own, then its aliases."""
    alias = info.validation_alias
    options = getattr(alias, "choices", [alias])
    return tuple(dict.fromkeys([name, *(one for one in options if isinstance(one, str))]))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model stands: its paths, its own first, and the models around it."""

    paths: tuple[tuple[str, ...], ...]
    plugin: str | None
    models: tuple[type[BaseModel], ...]
    default: BaseModel | None


def _open(model: type[BaseModel], place: _Place) -> Iterator[Setting]:
    for name, info in model.model_fields.items():
        if model is Settings and name in NOT_FROM_SOURCES:
            continue
        paths = tuple((*path, one) for one in spellings(name, info) for path in place.paths)
        inner = model_of(info.annotation)
        default = _default(name, info, place.default)
        # A model that holds itself, or takes any key, is one setting: a table.
        if inner is None or inner in place.models or inner.model_config.get("extra") == "allow":
            yield _setting(paths, info, place, default)
            continue
        instance = default if isinstance(default, BaseModel) else None
        yield from _open(inner, _Place(paths, place.plugin, (*place.models, inner), instance))


def default_of(info: FieldInfo) -> object:
    """Return the default of a field; what a factory makes, when it is a table or empty."""
    if info.default_factory in (list, tuple, dict, set, frozenset):
        return info.default_factory()
    if info.default_factory is None:
        return None if info.is_required() else info.default
    if not any(has_keys(one) for one in choices(info.annotation)):
        return None
    try:
        return info.get_default(call_default_factory=True)
    except Exception:  # noqa: BLE001 - a factory that needs the other values
        return None


def _default(name: str, info: FieldInfo, around: BaseModel | None) -> object:
    return default_of(info) if around is None else getattr(around, name, None)


def _setting(
    paths: tuple[tuple[str, ...], ...], info: FieldInfo, place: _Place, default: object
) -> Setting:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    path = paths[0]
    is_hidden = is_secret_field(path[-1], info)
    return Setting(
        path=path,
        annotation=info.annotation,
        description=info.description or "",
        # Nothing is in an empty table of secrets that would have to be hidden.
        default=None if is_hidden and default in ((), [], {}) else default,
        is_required=info.is_required() and place.default is None,
        is_secret=is_hidden,
        is_url=bool(extra.get("url")),
        is_path=bool(extra.get("path")) or is_path(info.annotation),
        plugin=place.plugin,
        is_declared=bool(extra.get("declared")),
        other_paths=paths[1:],
    )
