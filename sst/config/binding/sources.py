"""Open the sources, let plugins add to them, bind them into one frozen `Configuration`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from pydantic import BaseModel

from sst.config.binding.bind import Bound, bind_model
from sst.config.binding.configuration import Configuration, assemble
from sst.config.binding.known_secrets import (
    known_for_plugins,
    known_in_files,
    known_in_overrides,
    known_in_variables,
)
from sst.config.binding.policy import Choice, choose, is_policy, unlisted
from sst.config.binding.protection import guard, placeholders_of
from sst.config.binding.validation_errors import masked
from sst.config.binding.values_by_setting import Spoken
from sst.config.declared.catalog import build_catalog
from sst.config.declared.names import (
    ENABLED,
    PLUGINS,
    PROTECTED,
    fold,
    key_of,
    path_of,
    section_path,
)
from sst.config.declared.schema import PluginsSettings, Settings
from sst.config.declared.secret_pickles import keep_secrets
from sst.config.sources.enabled_plugins import enabled_anywhere, enabled_problems
from sst.config.sources.source_values import Layer, low_to_high
from sst.config.sources.variables import hear_environment, hear_overrides, hear_plugins
from sst.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from sst.config.binding.configuration import PluginValue
    from sst.config.declared.catalog import Catalog
    from sst.config.sources.files import TomlFile
    from sst.config.sources.source_values import Word
    from sst.config.sources.variables import Heard

M = TypeVar("M", bound=BaseModel)


def open_sources(
    root: Path,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    left_out: Sequence[str] = (),
    environment: str | None = None,
    assume_secrets: bool = False,
) -> Sources:
    """Read the files and variables of the project at *root*; import no plugin.

    *environ* stands for `os.environ`, *overrides* are the texts of `--set`, *left_out* the
    names of `--no-plugin`, *environment* is asked for instead of the one that the variables name.
    With *assume_secrets* missing secrets are no problem: for CI, where there are none.

    Raises `ConfigError` with every problem that keeps the plugins from being known.
    """
    from sst.config.binding.open_sources import Said, gather

    given = dict(os.environ if environ is None else environ)
    said = Said(given, tuple(overrides), tuple(left_out))
    found = gather(root.resolve(), said, environment, assume_secrets)
    # A traceback with local variables must not show them: nothing but problems is left here.
    del environ, overrides, given, said
    if not isinstance(found, Sources):
        raise ConfigError(found)
    return found


@dataclass(frozen=True)
class Sources:
    """What files and variables say, before the plugins that they enable are known."""

    root: Path
    environment: str
    files: tuple[TomlFile, ...] = field(repr=False)
    file_words: tuple[Word, ...] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    dotenv: Mapping[str, str] = field(repr=False)
    overrides: tuple[str, ...] = field(repr=False)
    left_out: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    assume_secrets: bool = False

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
        said = [word.value for word in self.file_words if word.path == PROTECTED]
        return said[-1:] != [False]

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
        catalog = build_catalog()
        core = Spoken.of(self._heard((), catalog).words, catalog).secrets()
        return core | known_in_variables(self.dotenv) | known_in_variables(self.environ)

    def unread(self) -> tuple[Word, ...]:
        """Return what the files say about plugins that no environment, and nobody now, enables."""
        listed = (*enabled_anywhere(self.files), *self.enabled_plugins())
        readers = {fold(name) for name in listed}
        return tuple(
            word
            for word in self.file_words
            if len(word.path) > len(ENABLED) and word.path[0] == PLUGINS
            if fold(word.path[1]) not in readers
        )

    def stopping_problems(self) -> tuple[Problem, ...]:
        """Return why the plugins cannot be known, with everything else that is known to be wrong.

        Nothing, when `plugins.enabled` and what is decided about each plugin can be read: `bind`
        will report the rest.
        """
        catalog = build_catalog()
        spoken = Spoken.of(self._heard((), catalog).words, catalog)
        source = spoken.source(catalog.settings[ENABLED])
        listed = enabled_problems(self.enabled_plugins(), source)
        faults = (*self._plugins.problems, *listed, *self._choice[1])
        if not faults:
            return ()
        core = self._core(spoken)
        found = (*self.problems, *faults, *core.problems, *self._guarded(core, spoken))
        return tuple(dict.fromkeys(found))

    def section(self, name: str, model: type[M]) -> M:
        """Return the settings of the plugin *name* from every source but the plugins' values.

        Raises `ConfigError` with the problems of this section.
        """
        bound = self._section(name, model)
        if bound.problems or bound.instance is None:
            raise ConfigError(bound.problems)
        return cast("M", bound.instance)

    def wanted(self, sections: Mapping[str, type[BaseModel]] | None = None) -> tuple[str, ...]:
        """Return the names that a plugin may give, those of *sections* included.

        Left out is what a stronger source decides already: NAME_FILE, environment, `--set`.
        """
        catalog = build_catalog(sections, enabled=self.enabled_plugins())
        words = self._heard((), catalog).words
        decided = {word.name for word in words if word.layer > Layer.PLUGIN}
        return tuple(
            setting.name
            for path, setting in catalog.settings.items()
            if path != ENABLED and not is_policy(path) and not setting.is_declared
            if setting.name not in decided
        )

    def bind(
        self,
        sections: Mapping[str, type[BaseModel]],
        values: Sequence[PluginValue] = (),
        known_plugins: Collection[str] = (),
        unread_plugins: Collection[str] = (),
    ) -> Configuration:
        """Return the validated whole; *sections* are the enabled plugins' settings by plugin.

        *values* came from `config_values`; *known_plugins* exist, enabled or not;
        the settings of *unread_plugins*, which could not be imported, are not judged.
        Raises `ConfigError` with all problems at once.
        """
        known = {*known_plugins, *enabled_anywhere(self.files)}
        catalog = build_catalog(
            sections, enabled=self.enabled_plugins(), known=known, unread=unread_plugins
        )
        found = self._bind(sections, tuple(values), catalog)
        del values
        if not isinstance(found, Configuration):
            raise ConfigError(found)
        return found

    def _bind(
        self,
        sections: Mapping[str, type[BaseModel]],
        values: tuple[PluginValue, ...],
        catalog: Catalog,
    ) -> Configuration | list[Problem]:
        heard = self._heard(values, catalog)
        spoken = Spoken.of(heard.words, catalog)
        core = self._core(spoken)
        bound = {name: self._bound(name, model, spoken) for name, model in sections.items()}
        problems = [
            *self.problems,
            *self._unknown_in_files(catalog),
            *heard.problems,
            *chain.from_iterable(one.problems for one in (core, *bound.values())),
            *self._guarded(core, spoken),
        ]
        if problems:
            return [masked(problem, self.core_secrets) for problem in dict.fromkeys(problems)]
        settings = cast("Settings", core.instance)
        warnings = (*self.warnings, *heard.warnings)
        found = assemble(settings, bound, spoken, self.choice, warnings)
        return replace(found, secrets=found.secrets | self.core_secrets)

    def _core(self, spoken: Spoken) -> Bound:
        core = {path: s for path, s in spoken.catalog.settings.items() if s.plugin is None}
        only_core = replace(spoken, catalog=replace(spoken.catalog, settings=core))
        return bind_model(Settings, (), only_core, fixed={"environment": self.environment})

    def _section(self, name: str, model: type[BaseModel]) -> Bound:
        catalog = build_catalog({name: model}, enabled=self.enabled_plugins())
        heard = self._heard((), catalog)
        bound = self._bound(name, model, Spoken.of(heard.words, catalog))
        mine = ".".join(section_path(name)) + "."
        unknown = [*self._unknown_in_files(catalog), *heard.problems]
        own = (one for one in unknown if ".".join(path_of(one.subject)).startswith(mine))
        return replace(bound, problems=(*own, *bound.problems))

    def _bound(self, name: str, model: type[BaseModel], spoken: Spoken) -> Bound:
        keep_secrets(model)
        return bind_model(model, section_path(name), spoken, assume_secrets=self.assume_secrets)

    @cached_property
    def _plugins(self) -> Bound:
        catalog = build_catalog()
        words = self._heard((), catalog).words
        only = replace(catalog, settings={ENABLED: catalog.settings[ENABLED]})
        return bind_model(PluginsSettings, (PLUGINS,), Spoken.of(words, only))

    @cached_property
    def _choice(self) -> tuple[Choice, tuple[Problem, ...]]:
        listed = self.enabled_plugins()
        sections = {word.path[1] for word in self.file_words if is_policy(word.path)}
        catalog = build_catalog(enabled=[*listed, *sorted(sections)])
        spoken = Spoken.of(self._heard((), catalog).words, catalog)
        choice, problems = choose(listed, self.left_out, spoken)
        return choice, (*problems, *unlisted(listed, spoken))

    def _heard(self, values: tuple[PluginValue, ...], catalog: Catalog) -> Heard:
        """Return the words of all sources, low to high, and what is wrong with the variables."""
        heard = (
            hear_environment(self.dotenv, catalog, self.root, dotenv=True)
            + hear_plugins(values, catalog)
            + hear_environment(self.environ, catalog, self.root)
            + hear_overrides(self.overrides, catalog)
        )
        return replace(heard, words=low_to_high([*self.file_words, *heard.words]))

    def _unknown_in_files(self, catalog: Catalog) -> list[Problem]:
        return [
            catalog.unknown(word.path, key_of(word.path), word.source)
            for word in self.file_words
            if catalog.find(word.path) is None and not catalog.tolerates(word.path)
        ]

    def _guarded(self, core: Bound, spoken: Spoken) -> list[Problem]:
        if core.instance is None:
            return []
        settings = cast("Settings", core.instance)
        refused = {problem.subject for problem in core.problems}
        found = guard(
            settings, spoken, placeholders_of(self.root), assume_secrets=self.assume_secrets
        )
        return [problem for problem in found if problem.subject not in refused]

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle would hold the secrets."""
        message = "Sources are not pickled: they hold secrets"
        raise TypeError(message)
