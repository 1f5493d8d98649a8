"""Settings and plugins of one project, bound into one configuration; no plugin is created."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sst.config import PluginValue
from sst.config.binding.validation_errors import masked
from sst.config.declared.catalog import build_catalog
from sst.config.sources.target import URLS
from sst.config.sources.variables import read_overrides
from sst.errors import ConfigError, UsageError
from sst.hooks.finding.lockfile import refuse_changed_code
from sst.hooks.manager import (
    Discovery,
    build,
    discover_enabled,
    unknown_names,
)
from sst.settings.application_model import application_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import BaseModel

    from sst.config import Configuration, Sources
    from sst.config.sources.target import Target
    from sst.hooks.manager import FoundPlugin


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings and plugins of a project, read, imported and asked once."""

    configuration: Configuration
    discovery: Discovery
    _bind: Callable[[Sources], Configuration] = field(repr=False)
    _sources: Sources = field(repr=False)
    schema: str = ""
    """The one schema of the database that is meant; empty for all of it."""

    @property
    def variables(self) -> Mapping[str, str]:
        """Those that settings are read from: the process's, and below them those of `.env`."""
        return {**self._sources.dotenv, **self._sources.environ}

    def for_target(self, target: Target) -> Loaded:
        """Return the same with what is said for *target*; no file is read, no store is asked.

        Raises `ConfigError` with every problem of its settings, `UsageError` where `--set` names
        another database.
        """
        if named := _database_in(self._sources.overrides):
            raise UsageError(
                what=f"--set {named} and --target {target.name} name two databases.",
                why="a run never goes to another database than its target",
                next_step=f"leave out --set {named}, or --target",
            )
        sources = self._sources.for_target(target)
        configuration = self._bind(sources)
        return replace(self, configuration=configuration, _sources=sources, schema=target.schema)


def _database_in(overrides: Sequence[str]) -> str:
    """Return the setting of the database's URL that `--set` gives; empty without one."""
    said = read_overrides(overrides, build_catalog()).source_values
    return next((each.name for each in said if each.path in URLS), "")


def load_configuration(sources: Sources, *, ask_stores: bool = True) -> Loaded:
    """Bind the settings of the core, of the application and of every enabled plugin.

    Without *ask_stores* no plugin is asked for values; a secret that one of them may have is then
    not missing, and neither is it when asking them failed.
    Raises `ConfigError` with every problem of settings and plugins at once, `UsageError` when a
    plugin is to be left out that does not exist.
    """
    enabled, discovery = sources.enabled_plugins(), _discover(sources)
    sources = _with_listing_plugins(sources, discovery)
    sections = {found.name: found.config_model for found in discovery.found if found.config_model}
    problems = list(discovery.problems)
    application = application_model(sources)
    problems += [masked(problem, sources.secrets) for problem in application.problems]
    values: list[PluginValue] = []
    have_answered = ask_stores
    stores = _implementing("config_values", discovery)
    try:
        values = (
            _ask(stores, sources, sections, application.model) if ask_stores and stores else []
        )
    except ConfigError as error:
        problems += error.problems
        have_answered = False
    if stores and not have_answered:
        sources = replace(sources, assume_secrets=True)

    def bind(sources: Sources) -> Configuration:
        return sources.bind(
            sections,
            values,
            application=application.model,
            known_plugins=(*enabled, *discovery.known),
            unread_plugins=set(enabled) - {found.name for found in discovery.found},
        )

    try:
        configuration = bind(sources)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Loaded(configuration, discovery, bind, sources)


def _discover(sources: Sources) -> Discovery:
    choice = sources.choice
    if unknown := unknown_names(sources.root, sources.enabled_plugins(), choice.left_out):
        raise unknown
    if sources.is_protected:
        refuse_changed_code(sources.root, choice.modules(choice.active))
    return discover_enabled(sources)


def _with_listing_plugins(sources: Sources, discovery: Discovery) -> Sources:
    if not _implementing("list_targets", discovery):
        return sources
    return replace(sources, plugins_list_targets=True)


def _implementing(hook: str, discovery: Discovery) -> list[FoundPlugin]:
    return [found for found in discovery.found if found.implements(hook)]


def _ask(
    stores: Sequence[FoundPlugin],
    sources: Sources,
    sections: Mapping[str, type[BaseModel]],
    application: type[BaseModel] | None,
) -> list[PluginValue]:
    """Ask the secret stores, each once; they are set up from the other sources."""
    configs = {
        store.name: sources.section(store.name, store.config_model)
        for store in stores
        if store.config_model
    }
    answers = build(stores, configs, sources.choice, secrets=sources.core_secrets).collect(
        "config_values",
        environment=sources.environment,
        wanted=sources.wanted(sections, application),
        project_root=sources.root,
    )
    return [
        PluginValue(name, value, answer.plugin)
        for answer in answers
        for name, value in answer.value.items()
    ]
