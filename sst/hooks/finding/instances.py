"""Create a plugin's object with its settings, and never show the settings when that fails."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretBytes, SecretStr

from sst.config.declared.setting import settings_of
from sst.hooks.calling.calls import guarded
from sst.hooks.contract.error_location import describe_error, location_of, name_location, shown
from sst.hooks.finding.loading import LOAD_ERRORS
from sst.hooks.finding.validation import holder_of, is_settings_alone, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.errors import Problem
    from sst.hooks.finding.discovery import FoundPlugin

_KEPT = 64


def instantiate(plugin: FoundPlugin, config: BaseModel | None) -> object:
    """Return the object whose hooks are called, or the `Problem` that it cannot be created.

    A module with a class `Plugin` gives `Plugin(config)`, without a `Config` `Plugin()`;
    another module is its own object. Settings alone are an object without hooks.
    """
    if is_settings_alone(plugin.module):
        return object()
    holder = holder_of(plugin.module)
    if not isinstance(holder, type):
        return holder
    if plugin.config_model and config is None:
        return problem(plugin.name, "has no settings to start with", plugin.source)
    try:
        with guarded(plugin.name, "Plugin()"):
            return holder(config) if plugin.config_model else holder()
    except LOAD_ERRORS as error:
        return _failure(plugin, config, error)


def _failure(plugin: FoundPlugin, config: BaseModel | None, error: BaseException) -> Problem:
    file, line = location_of(error, plugin.package) or name_location(plugin.module, "Plugin")
    # The text of an exception may hold what the plugin was given: with secrets the type must do.
    text = type(error).__name__ if secrets_of(config) else describe_error(error)
    what = f"Plugin({'config' if config else ''}) raised {text}"
    return problem(plugin.name, what, shown(file, plugin.root, line))


def secrets_of(config: BaseModel | None) -> frozenset[str]:
    """Return the values of *config* that must not be printed.

    A text in a field that the settings take for a secret, such as `api_token`, is one too.
    """
    return frozenset(_secrets(config)) - {""}


def _secrets(value: object, *, is_marked: bool = False) -> Iterator[str]:
    if isinstance(value, SecretStr | SecretBytes) or (is_marked and isinstance(value, str)):
        yield _revealed(value)
    for part, part_is_marked in _parts(value):
        yield from _secrets(part, is_marked=is_marked or part_is_marked)


def _revealed(value: SecretStr | SecretBytes | str) -> str:
    text = value if isinstance(value, str) else value.get_secret_value()
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def _parts(value: object) -> list[tuple[object, bool]]:
    """Return what *value* holds, and of each part whether its name says that it is a secret."""
    if isinstance(value, BaseModel):
        marked = _marked(type(value))
        return [(part, name in marked) for name, part in vars(value).items()]
    if isinstance(value, dict):
        return [(part, False) for part in value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return [(part, False) for part in value]
    return []


@lru_cache(maxsize=_KEPT)
def _marked(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields of *model*, of which there is an instance, that are for secrets."""
    return frozenset(each.path[0] for each in settings_of(model, ()) if each.is_secret)
