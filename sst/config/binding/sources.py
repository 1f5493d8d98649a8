"""All sources of one project: asked for plugins first, then bound into one `Configuration`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel

from sst.config.binding.bind import Bound, bind_model
from sst.config.binding.configuration import Configuration, Models, assemble
from sst.config.binding.known_secrets import (
    known_for_plugins,
    known_in_files,
    known_in_overrides,
    known_in_variables,
)
from sst.config.binding.policy import Choice, choose, unlisted
from sst.config.binding.protection import guard, placeholders_of
from sst.config.binding.validation_errors import masked
from sst.config.binding.values_by_setting import ValuesBySetting
from sst.config.declared.catalog import build_catalog
from sst.config.declared.names import (
    APP,
    APP_SETTINGS,
    ENABLED,
    PLUGINS,
    PROTECTED,
    path_of,
    section_path,
)
from sst.config.declared.plugin_policy import is_policy
from sst.config.declared.schema import PluginsSettings, Settings
from sst.config.declared.secret_pickles import keep_secrets
from sst.config.sources.enabled_plugins import enabled_anywhere, enabled_problems, unread
from sst.config.sources.lint import unknown_in_files
from sst.config.sources.source_values import Layer, low_to_high
from sst.config.sources.target import read_target
from sst.config.sources.variables import read_environment, read_overrides, read_plugin_values
from sst.errors import ConfigError, Problem
from sst.redaction.never_pickled import NeverPickled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sst.config.declared.catalog import Catalog
    from sst.config.sources.files import TomlFile
    from sst.config.sources.source_values import PluginValue, SourceValue
    from sst.config.sources.target import Target
    from sst.config.sources.variables import SourceValues

M = TypeVar("M", bound=BaseModel)
_OF_ALL_TARGETS = ("_plugins", "_choice", "_enabled_anywhere")


@dataclass(frozen=True)
class Sources(NeverPickled):
    """Files and variables, before the plugins that they enable are known."""

    root: Path
    environment: str
    files: tuple[TomlFile, ...] = field(repr=False)
    file_values: tuple[SourceValue, ...] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    dotenv: Mapping[str, str] = field(repr=False)
    overrides: tuple[str, ...] = field(repr=False)
    left_out: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    assume_secrets: bool = False
    plugins_list_targets: bool = False
    target: Target | None = field(default=None, repr=False)
    """What is said of the one database of many that is worked on."""

    def for_target(self, target: Target) -> Sources:
        """Return the same with what is said for *target*, and what is the same for all of them."""
        found = replace(self, target=target)
        found.__dict__.update((name, getattr(self, name)) for name in _OF_ALL_TARGETS)
        return found

    @cached_property
    def application(self) -> SourceValue | None:
        """Return what names the model of the application's settings; nothing is imported."""
        given = self._of_core.about(self._of_core.catalog.settings[(APP_SETTINGS,)])
        return given[-1] if given else None

    def enabled_plugins(self) -> tuple[str, ...]:
        """Return the names in `plugins.enabled`, in their order; nothing is imported."""
        plugins = cast("PluginsSettings", self._plugins.instance or PluginsSettings())
        return plugins.enabled

    @property
    def choice(self) -> Choice:
        """Which plugins take part, and what is decided about each; nothing is imported."""
        return self._choice[0]

    @property
    def is_protected(self) -> bool:
        """Say whether the guards of live data apply: unless the environment declares otherwise."""
        inputs = [each.value for each in self.file_values if each.path == PROTECTED]
        return inputs[-1:] != [False]

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Every text that must not be printed, as far as that is known without the plugins."""
        return self.core_secrets.union(
            known_in_files(self.files),
            known_for_plugins(self.dotenv, self.root),
            known_for_plugins(self.environ, self.root),
            known_in_overrides(self.overrides),
        )

    @cached_property
    def core_secrets(self) -> frozenset[str]:
        """Those of the core's settings, and what the variables of other programs hold."""
        core = self._of_core.secrets()
        return core | known_in_variables(self.dotenv) | known_in_variables(self.environ)

    def unread(self) -> tuple[SourceValue, ...]:
        """Return what the files say about plugins that nothing enables, in any environment."""
        return unread(self.file_values, [*self._enabled_anywhere, *self.enabled_plugins()])

    def stopping_problems(self) -> tuple[Problem, ...]:
        """Return why the plugins cannot be known, with everything else that is known to be wrong.

        Nothing, when `plugins.enabled` and what is decided about each plugin can be read: `bind`
        will report the rest.
        """
        values_by_setting = self._of_core
        source = values_by_setting.source(values_by_setting.catalog.settings[ENABLED])
        listed = enabled_problems(self.enabled_plugins(), source)
        faults = (*self._plugins.problems, *listed, *self._choice[1])
        if not faults:
            return ()
        core = self._core(values_by_setting)
        found = (*self.problems, *faults, *core.problems, *self._guarded(core, values_by_setting))
        return tuple(dict.fromkeys(found))

    def section(self, name: str, model: type[M]) -> M:
        """Return the settings of the plugin *name* from every source but the plugins' values.

        Raises `ConfigError` with the problems of this section.
        """
        bound = self._section(name, model)
        if bound.problems or bound.instance is None:
            raise ConfigError(bound.problems)
        return cast("M", bound.instance)

    def wanted(
        self,
        sections: Mapping[str, type[BaseModel]] | None = None,
        application: type[BaseModel] | None = None,
    ) -> tuple[str, ...]:
        """Return the names that a plugin may give, those of *sections* and *application* included.

        Left out is what a stronger source decides already: NAME_FILE, environment, `--set`.
        """
        catalog = build_catalog(sections, application=application, enabled=self.enabled_plugins())
        source_values = self._values((), catalog).source_values
        decided = {each.name for each in source_values if each.layer > Layer.PLUGIN}
        return tuple(
            setting.name
            for path, setting in catalog.settings.items()
            if path not in (ENABLED, (APP_SETTINGS,)) and not is_policy(path)
            if not setting.is_declared
            if setting.name not in decided
        )

    def bind(
        self,
        sections: Mapping[str, type[BaseModel]],
        values: Sequence[PluginValue] = (),
        *,
        application: type[BaseModel] | None = None,
        known_plugins: Collection[str] = (),
        unread_plugins: Collection[str] = (),
    ) -> Configuration:
        """Return the validated whole; *sections* are the enabled plugins' settings by plugin.

        *application* is the model of the application's own settings; without it, where one is
        named, they are not judged.
        *values* came from `config_values`; *known_plugins* exist, enabled or not;
        the settings of *unread_plugins*, which could not be imported, are not judged.
        Raises `ConfigError` with all problems at once.
        """
        catalog = build_catalog(
            sections,
            application=application,
            is_application_unread=application is None and self.application is not None,
            enabled=self.enabled_plugins(),
            known={*known_plugins, *self._enabled_anywhere},
            unread=unread_plugins,
        )
        found = self._bind(sections, application, tuple(values), catalog)
        del values
        if not isinstance(found, Configuration):
            raise ConfigError(found)
        return found

    def _bind(
        self,
        sections: Mapping[str, type[BaseModel]],
        application: type[BaseModel] | None,
        values: tuple[PluginValue, ...],
        catalog: Catalog,
    ) -> Configuration | list[Problem]:
        found = self._values(values, catalog)
        values_by_setting = ValuesBySetting.of(found.source_values, catalog)
        core = self._core(values_by_setting)
        bound = {
            name: self._bound(section_path(name), model, values_by_setting)
            for name, model in sections.items()
        }
        own = self._bound((APP,), application, values_by_setting) if application else Bound(None)
        problems = [
            *self.problems,
            *unknown_in_files(self.file_values, catalog),
            *found.problems,
            *chain.from_iterable(one.problems for one in (core, own, *bound.values())),
            *self._guarded(core, values_by_setting),
        ]
        if problems:
            return [masked(one, self.core_secrets, self.root) for one in dict.fromkeys(problems)]
        warnings = (*self.warnings, *found.warnings, *values_by_setting.token_warnings())
        models = Models(cast("Settings", core.instance), own, bound)
        bound_all = assemble(models, values_by_setting, self.choice, warnings)
        return replace(bound_all, secrets=bound_all.secrets | self.core_secrets)

    def _core(self, values_by_setting: ValuesBySetting) -> Bound:
        catalog = values_by_setting.catalog
        core = {path: each for path, each in catalog.settings.items() if each.plugin is None}
        only_core = replace(values_by_setting, catalog=replace(catalog, settings=core))
        return bind_model(Settings, (), only_core, fixed={"environment": self.environment})

    def _section(self, name: str, model: type[BaseModel]) -> Bound:
        catalog = build_catalog({name: model}, enabled=self.enabled_plugins())
        found = self._values((), catalog)
        values_by_setting = ValuesBySetting.of(found.source_values, catalog)
        bound = self._bound(section_path(name), model, values_by_setting)
        mine = ".".join(section_path(name)) + "."
        unknown = [*unknown_in_files(self.file_values, catalog), *found.problems]
        own = (one for one in unknown if ".".join(path_of(one.subject)).startswith(mine))
        return replace(bound, problems=(*own, *bound.problems))

    def _bound(
        self, prefix: tuple[str, ...], model: type[BaseModel], values_by_setting: ValuesBySetting
    ) -> Bound:
        keep_secrets(model)
        return bind_model(model, prefix, values_by_setting, assume_secrets=self.assume_secrets)

    @cached_property
    def _of_core(self) -> ValuesBySetting:
        """What is said of the core's settings, as far as that is known without the plugins."""
        catalog = build_catalog()
        return ValuesBySetting.of(self._values((), catalog).source_values, catalog)

    @cached_property
    def _plugins(self) -> Bound:
        catalog = self._of_core.catalog
        only = replace(catalog, settings={ENABLED: catalog.settings[ENABLED]})
        return bind_model(PluginsSettings, (PLUGINS,), replace(self._of_core, catalog=only))

    @cached_property
    def _choice(self) -> tuple[Choice, tuple[Problem, ...]]:
        listed = self.enabled_plugins()
        sections = {each.path[1] for each in self.file_values if is_policy(each.path)}
        catalog = build_catalog(enabled=[*listed, *sorted(sections)])
        values_by_setting = ValuesBySetting.of(self._values((), catalog).source_values, catalog)
        choice, problems = choose(listed, self.left_out, values_by_setting)
        return choice, (*problems, *unlisted(listed, values_by_setting))

    def _values(self, values: tuple[PluginValue, ...], catalog: Catalog) -> SourceValues:
        """Return the words of all sources, low to high, and what is wrong with the variables."""
        found = (
            read_environment(self.dotenv, catalog, self.root, dotenv=True)
            + read_plugin_values(values, catalog)
            + read_environment(self.environ, catalog, self.root)
            + read_target(self.target, catalog)
            + read_overrides(self.overrides, catalog)
        )
        return replace(found, source_values=low_to_high([*self.file_values, *found.source_values]))

    @cached_property
    def _enabled_anywhere(self) -> frozenset[str]:
        return enabled_anywhere(self.files)

    def _guarded(self, core: Bound, values_by_setting: ValuesBySetting) -> list[Problem]:
        if core.instance is None:
            return []
        refused = {problem.subject for problem in core.problems}
        found = guard(
            cast("Settings", core.instance),
            values_by_setting,
            placeholders_of(self.root),
            needs_database=not (self.assume_secrets or self.plugins_list_targets),
        )
        return [problem for problem in found if problem.subject not in refused]
