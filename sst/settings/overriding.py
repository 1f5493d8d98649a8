"""The settings with other values in the place of some: validated, as those of a source are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from sst.config.declared.annotations import choices
from sst.config.declared.durations import duration_of
from sst.config.declared.names import APP, PLUGINS, did_you_mean, fold, name_of, path_of
from sst.config.declared.validation import validate_by_name
from sst.errors import ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.config import Settings


@dataclass(frozen=True, slots=True)
class Values:
    """The core's settings and the application's own, if it has any."""

    core: Settings = field(repr=False)
    application: BaseModel | None = field(default=None, repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Every text of theirs that must never be printed."""


def overridden(values: Values, changes: Mapping[str, object]) -> Values:
    """Return *values* with *changes*: by name, `debug` or `app__max_upload_mb`, the new value.

    Raises `UsageError` for a name that is no setting, `ConfigError` for a value that is refused.
    """
    for name, value in changes.items():
        path = path_of(name)
        if path[0] == APP and len(path) > 1:
            if values.application is None:
                raise _no_setting(path, "the application names no model of its settings")
            own = _replaced(values.application, path, 1, value)
            values = replace(values, application=own)
        else:
            core = _replaced(values.core, path, 0, value)
            values = replace(values, core=core)  # type: ignore[arg-type]
    return values


def _replaced(model: BaseModel, path: tuple[str, ...], position: int, value: object) -> BaseModel:
    """Return *model* with *value* at the rest of *path*."""
    fields = type(model).model_fields
    name = next((one for one in fields if fold(one) == fold(path[position])), None)
    if name is None:
        raise _unknown(model, path, position)
    data = dict(model)
    if position + 1 < len(path):
        inner = data[name]
        if not isinstance(inner, BaseModel):
            hint = f"override {'__'.join(path[: position + 1])} as a whole"
            raise _no_setting(path, "it is inside a value that is no table of settings", hint)
        data[name] = _replaced(inner, path, position + 1, value)
    else:
        data[name] = _read(value, fields[name].annotation)
    try:
        return validate_by_name(type(model), data)
    except ValidationError as error:
        # The new value can be a secret: neither it nor pydantic's own error leaves here.
        refused = [one["msg"] for one in error.errors(include_input=False, include_url=False)]
    raise ConfigError([Problem(name_of(path), text, "override_settings") for text in refused])


def _read(value: object, annotation: object) -> object:
    is_duration = isinstance(value, str) and timedelta in choices(annotation)
    return (duration_of(value) or value) if is_duration and isinstance(value, str) else value


def _unknown(model: BaseModel, path: tuple[str, ...], position: int) -> UsageError:
    if path[0] == PLUGINS and position == 1:
        why = "a plugin has its settings from its start on"
        return _no_setting(path, why, "give them to the plugin when the test makes it")
    known = {"__".join((*path[:position], one)) for one in type(model).model_fields}
    return _no_setting(path, "override_settings", did_you_mean("__".join(path), known))


def _no_setting(path: tuple[str, ...], why: str, hint: str = "") -> UsageError:
    name = name_of(path)
    next_step = hint or "python migrate.py config show prints every setting"
    return UsageError(
        what=f"There is no setting {name} to override.", why=why, next_step=next_step
    )
