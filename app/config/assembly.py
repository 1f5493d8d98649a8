"""Put the parts together: the validated models, and where each value comes from."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from app.config.configuration import Configuration, Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from app.config.bind import Bound
    from app.config.catalog import Setting
    from app.config.policy import Choice
    from app.config.schema import Settings
    from app.config.spoken import Spoken
    from app.config.words import Value


def assemble(
    settings: Settings,
    bound: Mapping[str, Bound],
    spoken: Spoken,
    choice: Choice,
    warnings: tuple[str, ...],
) -> Configuration:
    """Return the configuration of *settings* and of the plugins that are *bound*."""
    plugins = {name: one.instance for name, one in bound.items() if one.instance is not None}
    return Configuration(
        settings=settings,
        plugin_settings=MappingProxyType(plugins),
        choice=choice,
        secrets=spoken.secrets(),
        warnings=warnings,
        entries=tuple(
            Entry(one, _effective(one, settings, plugins, choice), spoken.about(one)[::-1])
            for one in spoken.catalog.settings.values()
        ),
    )


def _effective(
    setting: Setting, settings: Settings, plugins: Mapping[str, BaseModel], choice: Choice
) -> Value:
    """Return the value of *setting* as its model holds it."""
    if setting.plugin is None:
        return _walk(settings, setting.path)
    of_policy = choice.policies if setting.is_policy else plugins
    instance = of_policy.get(setting.plugin)
    return None if instance is None else _walk(instance, setting.path[2:])


def _walk(value: Value, path: tuple[str, ...]) -> Value:
    for part in path:
        value = getattr(value, part, None)
    return value
