"""Demands on a plugin's `Config`, and on its secrets, which must not show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr, ValidationError

from sst.config.declared.setting import settings_of
from sst.config.declared.validation import validate_by_name
from sst.hooks.finding.instances import secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sst.config.declared.setting import Setting

_CANARY = "canary-of-the-testing-kit"


def settings_faults(model: type[BaseModel], settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with *model*; *settings* are values for what has no default."""
    for setting in settings_of(model, ()):
        if not setting.description.strip():
            yield f"the setting {_name(setting)} has no description"
    if model.model_config.get("extra") == "allow":
        yield f"{model.__name__} lets unknown settings in: a misspelt one would be lost"
    try:
        config = _valid(model, settings)
        again = _valid(model, _values(config))
    except ValidationError as error:
        yield from (_told(each) for each in error.errors(include_input=False, include_url=False))
        return
    if again != config:
        yield f"{model.__name__} changes when its own values are validated again"


def fitting_settings(model: type[BaseModel], settings: Mapping[str, Any]) -> BaseModel:
    """Return *model* with *settings*, and a secret in every secret setting that is left out."""
    filled = dict(settings)
    for setting in settings_of(model, ()):
        if setting.is_secret and len(setting.path) == 1 and setting.path[0] not in filled:
            filled[setting.path[0]] = _CANARY
    try:
        return _valid(model, filled)
    except ValidationError:
        return _valid(model, settings)


def secret_leaks(config: BaseModel, instance: object) -> Iterator[str]:
    """Yield where a secret of *config* can be read in what is printed of the two."""
    for shown, text in (
        ("repr(config)", repr(config)),
        ("repr(plugin)", repr(instance)),
        ("str(plugin)", str(instance)),
    ):
        if any(secret in text for secret in secrets_of(config)):
            yield f"{shown} shows a secret: declare the setting as SecretStr and keep it so"


def _valid(model: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    return validate_by_name(model, values)


def _values(config: BaseModel) -> dict[str, Any]:
    """Return the values as a settings file would give them: a secret is a text there."""
    found = {name: getattr(config, name) for name in type(config).model_fields}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.model_dump() if isinstance(value, BaseModel) else value


def _name(setting: Setting) -> str:
    return ".".join(setting.path)


def _told(error: Mapping[str, Any]) -> str:
    where = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"the setting {where} has no default: give assert_conforms(..., settings={{...}})"
    return f"the setting {where} does not survive a round trip: {error['msg']}"
