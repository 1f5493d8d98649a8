"""Whether a run would get past settings and plugins: nothing connects, no hook is called."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sst.config.declared.setting import settings_of
from sst.db.url import DatabaseUrl
from sst.errors import ConfigError, Problem
from sst.hooks.manager import build
from sst.settings.loading import load_configuration
from sst.settings.resolving import no_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel

    from sst.config import Configuration, Settings, Sources
    from sst.hooks.manager import FoundPlugin

_EMBEDDED = "embedded"
_EMBEDDED_POSTGRES = "embedded_postgres"
_REDIS = ("redis", "rediss", "unix")


def check_configuration(sources: Sources, *, ask_stores: bool = True) -> Configuration:
    """Load as a run does, create every plugin, and read the URLs; return the configuration.

    Without *ask_stores*, and where missing secrets are assumed, a plugin that lacks a secret is
    not created: its environment has it.
    Raises `ConfigError` with every problem of settings and plugins, else with those of plugins
    and URLs.
    """
    loaded = load_configuration(sources, ask_stores=ask_stores)
    configuration, discovery = loaded.configuration, loaded.discovery
    found, settings = discovery.found, configuration.plugin_settings
    if sources.assume_secrets or not ask_stores:
        found = tuple(each for each in found if _has_secrets(each, settings.get(each.name)))
    problems = [*_url_problems(configuration.settings, discovery.found)]
    try:
        build(found, settings, configuration.choice, secrets=configuration.secrets)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return configuration


def _has_secrets(plugin: FoundPlugin, config: BaseModel | None) -> bool:
    """Say whether *config* is there, with a value for every secret of *plugin*."""
    if plugin.config_model is None or config is None:
        return plugin.config_model is None
    secrets = [one.path[0] for one in settings_of(plugin.config_model, ()) if one.is_secret]
    return all(getattr(config, name, None) for name in secrets)


def _url_problems(settings: Settings, found: Sequence[FoundPlugin]) -> Iterator[Problem]:
    resolving = [each for each in found if each.implements("resolve_database_url")]
    urls = {
        "DATABASE_URL": settings.database_url,
        "MIGRATION_DATABASE_URL": settings.migration_database_url,
    }
    for name, url in urls.items():
        if url is not None:
            yield from _database_problems(name, url.get_secret_value(), resolving)
    if settings.redis_url is not None:
        yield from _redis_problems(settings.redis_url.get_secret_value())


def _database_problems(
    setting: str, text: str, resolving: Sequence[FoundPlugin]
) -> Iterator[Problem]:
    is_known = all((each.use or each.name) == _EMBEDDED_POSTGRES for each in resolving)
    if text == _EMBEDDED:
        if not resolving:
            yield no_server(setting)
        return
    if not is_known and not text.startswith("postgres"):
        return  # a plugin's own word, which only its hook could read
    try:
        DatabaseUrl(text, setting=setting)
    except ConfigError as error:
        yield from error.problems


def _redis_problems(text: str) -> Iterator[Problem]:
    try:
        url = urlsplit(text)
        is_readable = url.scheme in _REDIS and (url.port or 1) > 0
    except ValueError:
        is_readable = False
    if not is_readable:
        hint = "use redis://host:6379/0, and percent-encode what the password has of @ : / ? #"
        yield Problem("REDIS_URL", "is not a Redis URL that can be read", hint=hint)
