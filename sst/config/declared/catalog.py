"""The catalogue: every setting of the core, of the application, and of the enabled plugins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from sst.config.declared.names import (
    APP,
    APP_SETTINGS,
    PLUGINS,
    did_you_mean,
    fold,
    fold_path,
    name_of,
    nearest,
    section_path,
)
from sst.config.declared.plugin_policy import PluginPolicy
from sst.config.declared.schema import Settings
from sst.config.declared.setting import Setting, settings_of
from sst.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pydantic import BaseModel

    _Model = tuple[type[BaseModel], bool]


_KEPT = 16
"""Catalogues that are kept: those of one project, and of a test's few."""


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
    is_application_unread: bool = False
    """Whether the application has settings that are not known, for the same reason."""

    @cached_property
    def names(self) -> Mapping[str, Setting]:
        """The settings by their names in the environment, those by an alias too."""
        others = {
            name_of(path): setting
            for setting in self.settings.values()
            for path in setting.other_paths
        }
        return others | {setting.name: setting for setting in self.settings.values()}

    @cached_property
    def _folded(self) -> Mapping[tuple[str, ...], Setting]:
        return {
            tuple(map(fold, path)): setting
            for setting in self.settings.values()
            for path in (*setting.other_paths, setting.path)
        }

    @cached_property
    def tables(self) -> frozenset[str]:
        """The first words of all names, as variables spell them."""
        return frozenset({PLUGINS.upper(), *(path[0].upper() for path in self.settings)})

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
        """Say whether *path* belongs to a plugin or an application that could not be imported."""
        if len(path) < 2:  # noqa: PLR2004 - plugins.NAME
            return False
        if fold(path[0]) == APP:
            return self.is_application_unread
        return path[0] == PLUGINS and fold(path[1]) in map(fold, self.unread)

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
        return Problem(subject, "is not a setting", source, self._advise(path, subject))

    def is_of_no_application(self, path: Sequence[str]) -> bool:
        """Say whether *path* is the application's, which has no settings of its own."""
        has_none = not self.is_application_unread and all(
            known[0] != APP for known in self.settings
        )
        return fold(path[0]) == APP and has_none

    def _advise(self, path: Sequence[str], subject: str) -> str:
        if self.is_of_no_application(path):
            return (
                f'write {APP_SETTINGS} = "app.settings:AppSettings", their model, below [default]'
            )
        return self._suggest(subject) or self._own(path)

    def _own(self, path: Sequence[str]) -> str:
        """Return where a setting of the team belongs; nothing for a key in a table of ours."""
        is_ours = any(known[0] == fold(path[0]) and len(known) > 1 for known in self.settings)
        return "" if is_ours else f"a setting of your own belongs below [default.{APP}]"

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
    application: type[BaseModel] | None = None,
    is_application_unread: bool = False,
    enabled: Sequence[str] = (),
    known: Collection[str] = (),
    unread: Collection[str] = (),
) -> Catalog:
    """Return the catalogue of the core, of the *application*'s model, and of plugins' *sections*.

    Every plugin's section has the keys of the core as well, behind its own.
    """
    models = sections or {}
    listed = dict.fromkeys([*enabled, *models])
    return _built(
        tuple((plugin, _as_it_is(models.get(plugin))) for plugin in listed),
        _as_it_is(application),
        frozenset(known),
        frozenset(unread),
        is_application_unread=is_application_unread,
    )


def _as_it_is(model: type[BaseModel] | None) -> _Model | None:
    # pydantic completes a model at its first use where a name in it was not known before.
    return (model, model.__pydantic_complete__) if model else None


@lru_cache(maxsize=_KEPT)
def _built(
    plugins: tuple[tuple[str, _Model | None], ...],
    application: _Model | None,
    known: frozenset[str],
    unread: frozenset[str],
    *,
    is_application_unread: bool,
) -> Catalog:
    own = settings_of(application[0], (APP,)) if application else ()
    found = {fold_path(setting.path): setting for setting in (*_core(), *own)}
    for plugin, model in plugins:
        its = settings_of(model[0], section_path(plugin), plugin) if model else ()
        for setting in (*its, *policy_settings(plugin)):
            # A key that the plugin has too is shared, and described in the plugin's words.
            found.setdefault(fold_path(setting.path), setting)
    return Catalog(
        settings=MappingProxyType(found),
        enabled=tuple(plugin for plugin, _ in plugins),
        known=known,
        unread=unread,
        is_application_unread=is_application_unread,
    )


@cache
def _core() -> tuple[Setting, ...]:
    return tuple(settings_of(Settings, ()))


@cache
def policy_settings(plugin: str) -> tuple[Setting, ...]:
    """Return what the core reads in the section of *plugin*."""
    found = settings_of(PluginPolicy, section_path(plugin), plugin)
    return tuple(replace(setting, is_policy=True) for setting in found)
