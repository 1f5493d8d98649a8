"""Settings that a protected environment refuses, whatever their types."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sst.config.declared.schema import DEVELOPMENT
from sst.config.sources.files import EXAMPLE, leaves
from sst.errors import Problem
from sst.redaction.urls import url_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.config.binding.values_by_setting import ValuesBySetting
    from sst.config.declared.schema import Settings

EMBEDDED = "embedded"
_DATABASES = ("DATABASE_URL", "MIGRATION_DATABASE_URL")


def guard(
    settings: Settings,
    values_by_setting: ValuesBySetting,
    placeholders: frozenset[str],
    *,
    needs_database: bool,
) -> Iterator[Problem]:
    """Yield what *settings* must not say in their environment.

    Where they list targets, each of which has a URL, there is no need for one more.
    """
    if settings.environment != DEVELOPMENT and needs_database:
        yield from _missing_database(settings)
    if settings.protected:
        yield from _switches(settings, values_by_setting)
        yield from _embedded(values_by_setting)
        yield from _placeholders(values_by_setting, placeholders)


def placeholders_of(root: Path) -> frozenset[str]:
    """Return the texts in `.secrets.toml.example` that stand for a secret, their passwords too."""
    try:
        data = tomllib.loads((root / EXAMPLE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    texts = [value for _, value in leaves(data) if isinstance(value, str) and value]
    return frozenset([*texts, *(part for text in texts for part in url_secrets(text))])


def _missing_database(settings: Settings) -> Iterator[Problem]:
    if settings.database_url is None and not settings.migrate.targets.has_places:
        yield Problem(
            "DATABASE_URL",
            f"is required in {settings.environment} and has no value",
            hint="set DATABASE_URL or DATABASE_URL_FILE, or write it in .secrets.toml",
        )


def _switches(settings: Settings, values_by_setting: ValuesBySetting) -> Iterator[Problem]:
    for name, is_on in (("DEBUG", settings.debug), ("SQL_ECHO", settings.sql_echo)):
        if is_on:
            source = values_by_setting.source(values_by_setting.catalog.names[name])
            yield Problem(
                name, f"must be off in {settings.environment}", source, f"set {name}=false"
            )


def _embedded(values_by_setting: ValuesBySetting) -> Iterator[Problem]:
    for name in _DATABASES:
        setting = values_by_setting.catalog.names[name]
        if values_by_setting.text(setting).strip().lower().partition(":")[0] == EMBEDDED:
            yield Problem(
                name,
                "the embedded database is for development only",
                values_by_setting.source(setting),
                "name a server: postgresql://user@host:5432/name",
            )


def _placeholders(
    values_by_setting: ValuesBySetting, placeholders: frozenset[str]
) -> Iterator[Problem]:
    for setting in values_by_setting.catalog.settings.values():
        text = values_by_setting.text(setting).strip()
        inputs = {text, *map(unquote, url_secrets(text))}
        if setting.is_secret and placeholders & inputs:
            yield Problem(
                setting.name,
                f"is still the placeholder of {EXAMPLE}",
                values_by_setting.source(setting),
                "put the real value in its place",
            )
