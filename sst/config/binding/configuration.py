"""The result: one frozen `Configuration`, and where each of its values comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sst.config.binding.values_by_setting import sources_of
from sst.config.declared.names import APP
from sst.redaction.never_pickled import NeverPickled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from sst.config.binding.bind import Bound
    from sst.config.binding.policy import Choice
    from sst.config.binding.values_by_setting import ValuesBySetting
    from sst.config.declared.schema import Settings
    from sst.config.declared.setting import Setting
    from sst.config.sources.source_values import SourceValue, Value


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting, its value, and every source that speaks of it, the winner first."""

    setting: Setting
    value: Any = field(repr=False)
    source_values: tuple[SourceValue, ...] = ()

    @property
    def source(self) -> str:
        """Where the value comes from: `settings.toml:18 [production]`, or `default`."""
        return sources_of(self.source_values[::-1], self.setting) or "default"


@dataclass(frozen=True, slots=True)
class Configuration(NeverPickled):
    """Everything that settings and plugins said, validated and frozen."""

    settings: Settings
    plugin_settings: Mapping[str, BaseModel] = field(repr=False)
    """The validated settings of each enabled plugin that has any, by plugin name."""
    choice: Choice = field(repr=False)
    """Which plugins take part, and what the operator decided about each."""
    secrets: frozenset[str] = field(repr=False)
    """Every text that must never be printed, for the log's redactor."""
    warnings: tuple[str, ...] = ()
    """Settings that are allowed and should not stay so."""
    application: BaseModel | None = field(default=None, repr=False)
    """The application's own settings; None when it names no model of them."""
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    """Every setting with its sources, for `config show` and `config explain`."""

    @property
    def environment(self) -> str:
        """The environment whose values these are."""
        return self.settings.environment


@dataclass(frozen=True, slots=True)
class Models:
    """The validated models: the core's, the application's, and the plugins' by name."""

    core: Settings
    application: Bound
    plugins: Mapping[str, Bound]


def _usable(bound: Bound) -> BaseModel | None:
    """Return the instance of *bound*, unless a secret in it is only assumed."""
    return None if bound.is_assumed else bound.instance


def assemble(
    models: Models, values_by_setting: ValuesBySetting, choice: Choice, warnings: tuple[str, ...]
) -> Configuration:
    """Return the configuration of *models*."""
    usable = {name: _usable(one) for name, one in models.plugins.items()}
    plugins = {name: one for name, one in usable.items() if one is not None}
    return Configuration(
        settings=models.core,
        application=_usable(models.application),
        plugin_settings=MappingProxyType(plugins),
        choice=choice,
        secrets=values_by_setting.secrets(),
        warnings=warnings,
        entries=tuple(
            _entry(one, models, choice, values_by_setting)
            for one in values_by_setting.catalog.settings.values()
        ),
    )


def _entry(
    setting: Setting, models: Models, choice: Choice, values_by_setting: ValuesBySetting
) -> Entry:
    voices = values_by_setting.about(setting)[::-1]
    # A secret that is only assumed has no value.
    is_known = bool(voices) or not (setting.is_secret and setting.is_required)
    return Entry(setting, _effective(setting, models, choice) if is_known else None, voices)


def _effective(setting: Setting, models: Models, choice: Choice) -> Value:
    """Return the value of *setting* as its model holds it."""
    if setting.plugin is None:
        is_own = setting.path[0] == APP and len(setting.path) > 1
        own = models.application.instance if is_own else models.core
        return _walk(own, setting.path[is_own:])
    if setting.is_policy:
        return _walk(choice.policies.get(setting.plugin), setting.path[2:])
    bound = models.plugins.get(setting.plugin)
    return _walk(bound.instance if bound else None, setting.path[2:])


def _walk(value: Value, path: tuple[str, ...]) -> Value:
    for part in path:
        value = getattr(value, part, None)
    return value
