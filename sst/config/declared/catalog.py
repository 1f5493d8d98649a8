"""The catalogue: every setting that exists, the core's and the enabled plugins'."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from sst.config.declared.annotations import (
    Kind,
    describe,
    is_mapping,
    is_path,
    is_secret,
    kind_of,
    model_of,
)
from sst.config.declared.names import (
    PLUGINS,
    did_you_mean,
    fold,
    fold_path,
    key_of,
    name_of,
    nearest,
    section_path,
)
from sst.config.declared.plugin_policy import PluginPolicy
from sst.config.declared.schema import NOT_FROM_SOURCES, Settings
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
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

    @property
    def name(self) -> str:
        """The name in the environment."""
        return name_of(self.path)

    @property
    def key(self) -> str:
        """The name in a file, below its section."""
        return self.path[0] if self.is_declared else key_of(self.path)

    @property
    def kind(self) -> Kind:
        """How its text is read."""
        return kind_of(self.annotation)

    @property
    def is_table(self) -> bool:
        """Say whether any keys may stand below it."""
        return is_mapping(self.annotation)

    @property
    def type_name(self) -> str:
        """The type in words."""
        return "secret" if self.is_secret else describe(self.annotation)


@dataclass(frozen=True)
class Catalog:
    """All settings, by path, and the plugins that they belong to."""

    settings: Mapping[tuple[str, ...], Setting]
    enabled: tuple[str, ...] = ()
    """The plugins whose settings count."""
    known: frozenset[str] = frozenset()
    """Plugins that exist but are not enabled."""
    unread: frozenset[str] = frozenset()
    """Enabled plugins whose settings are not known, because they could not be imported."""

    @cached_property
    def names(self) -> Mapping[str, Setting]:
        """The settings by their names in the environment."""
        return {setting.name: setting for setting in self.settings.values()}

    @cached_property
    def _folded(self) -> Mapping[tuple[str, ...], Setting]:
        return {tuple(map(fold, path)): setting for path, setting in self.settings.items()}

    @cached_property
    def _enabled(self) -> frozenset[str]:
        return frozenset(map(fold, self.enabled))

    def find(self, path: Sequence[str]) -> tuple[Setting, tuple[str, ...]] | None:
        """Return the setting at *path* and what is left of it, for a key inside a table."""
        folded = tuple(map(fold, path))
        for length in range(len(path), 0, -1):
            setting = self._folded.get(folded[:length])
            if setting and (length == len(path) or setting.is_table):
                return setting, tuple(path[length:])
        return None

    def is_unjudged(self, path: Sequence[str]) -> bool:
        """Say whether *path* belongs to a plugin that could not be imported."""
        return len(path) > 1 and path[0] == PLUGINS and fold(path[1]) in map(fold, self.unread)

    def tolerates(self, path: Sequence[str]) -> bool:
        """Say whether *path* may stand in a file: its plugin is not enabled, or broke."""
        plugin = self._foreign_plugin(path)
        is_asleep = plugin is not None and plugin in map(fold, self.known)
        return is_asleep or self.is_unjudged(path)

    def asleep(self, path: Sequence[str]) -> str | None:
        """Return the plugin that *path* belongs to when it is not enabled, and no misspelt one."""
        plugin = self._foreign_plugin(path)
        if plugin is None or plugin in map(fold, self.known):
            return plugin
        return None if nearest(plugin, self._enabled | {"enabled"}) else plugin

    def unknown(self, path: Sequence[str], subject: str, source: str) -> Problem:
        """Return what is wrong with *subject*, which is no setting."""
        plugin = self._foreign_plugin(path)
        if plugin is not None:
            return self._unknown_plugin(plugin, subject, source)
        if self._has_no_settings(path):
            what = f"the plugin {path[1]!r} has no settings"
            return Problem(subject, what, source, self._suggest(subject))
        if self._first_below(path):
            hint = f"set one of its keys, such as {self._first_below(path)}"
            return Problem(subject, "is a table and takes no value of its own", source, hint)
        return Problem(subject, "is not a setting", source, self._suggest(subject))

    def _suggest(self, subject: str) -> str:
        if "." in subject or subject.islower():
            return did_you_mean(subject, [setting.key for setting in self.settings.values()])
        return did_you_mean(subject, self.names)

    def _foreign_plugin(self, path: Sequence[str]) -> str | None:
        if len(path) < 2 or fold(path[0]) != PLUGINS or fold(path[1]) == "enabled":  # noqa: PLR2004 - plugins.NAME
            return None
        plugin = fold(path[1])
        return None if plugin in self._enabled else plugin

    def _unknown_plugin(self, plugin: str, subject: str, source: str) -> Problem:
        meant = nearest(plugin, self._enabled | {"enabled"})
        if plugin not in map(fold, self.known) and meant:
            return Problem(
                subject, f"no plugin {plugin!r} is enabled", source, f"did you mean {meant!r}?"
            )
        return Problem(
            subject,
            f"the plugin {plugin!r} is not enabled",
            source,
            f"add {plugin!r} to plugins.enabled, or remove the setting",
        )

    def _has_no_settings(self, path: Sequence[str]) -> bool:
        if len(path) < 2 or fold(path[0]) != PLUGINS or fold(path[1]) not in self._enabled:  # noqa: PLR2004 - plugins.NAME
            return False
        return not any(
            known[:2] == (PLUGINS, fold(path[1]))
            for known, setting in self._folded.items()
            if not setting.is_policy
        )

    def _first_below(self, path: Sequence[str]) -> str:
        folded = tuple(map(fold, path))
        below = (
            setting.name
            for known, setting in self._folded.items()
            if known[: len(folded)] == folded and known != folded
        )
        return next(below, "")


def build_catalog(
    sections: Mapping[str, type[BaseModel]] | None = None,
    *,
    enabled: Sequence[str] = (),
    known: Collection[str] = (),
    unread: Collection[str] = (),
) -> Catalog:
    """Return the catalogue of the core and of the plugins' *sections*, by plugin name.

    Every plugin's section has the keys of the core as well, behind its own.
    """
    models = sections or {}
    listed = tuple(dict.fromkeys([*enabled, *models]))
    found = {fold_path(setting.path): setting for setting in _core()}
    for plugin in listed:
        own = settings_of(models[plugin], section_path(plugin), plugin) if plugin in models else ()
        for setting in (*own, *policy_settings(plugin)):
            # A key that the plugin has too is shared, and described in the plugin's words.
            found.setdefault(fold_path(setting.path), setting)
    return Catalog(
        settings=found,
        enabled=listed,
        known=frozenset(known),
        unread=frozenset(unread),
    )


@cache
def _core() -> tuple[Setting, ...]:
    return tuple(settings_of(Settings, ()))


@cache
def policy_settings(plugin: str) -> tuple[Setting, ...]:
    """Return what the core reads in the section of *plugin*."""
    found = settings_of(PluginPolicy, section_path(plugin), plugin)
    return tuple(replace(setting, is_policy=True) for setting in found)


def settings_of(
    model: type[BaseModel], prefix: tuple[str, ...], plugin: str | None = None
) -> Iterator[Setting]:
    """Yield the settings of *model* below *prefix*, tables inside it opened."""
    for name, info in model.model_fields.items():
        if model is Settings and name in NOT_FROM_SOURCES:
            continue
        inner = model_of(info.annotation)
        if inner is not None:
            yield from settings_of(inner, (*prefix, name), plugin)
        else:
            yield _setting((*prefix, name), info, plugin)


def _setting(path: tuple[str, ...], info: FieldInfo, plugin: str | None) -> Setting:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Setting(
        path=path,
        annotation=info.annotation,
        description=info.description or "",
        default=None if info.is_required() or info.default_factory else info.default,
        is_required=info.is_required(),
        is_secret=is_secret(info.annotation, path[-1], declared=extra.get("secret")),
        is_url=bool(extra.get("url")),
        is_path=bool(extra.get("path")) or is_path(info.annotation),
        plugin=plugin,
        is_declared=bool(extra.get("declared")),
    )
