"""What is said of the settings for one database of many, over files and the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sst.config.declared.names import (
    APP_SETTINGS,
    ENABLED,
    PROTECTED,
    TARGETS,
    fold_path,
    name_of,
)
from sst.config.declared.plugin_policy import is_policy
from sst.config.sources.source_values import Layer, SourceValue
from sst.config.sources.variables import SourceValues
from sst.errors import Problem
from sst.redaction.never_pickled import NeverPickled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.config.declared.catalog import Catalog

URLS = (("database_url",), ("migration_database_url",))
"""The settings that a target's own URL gives."""
_OF_THE_PROCESS = frozenset(
    {(name,) for name in ("debug", "sql_echo", "log_level", "log_format", APP_SETTINGS)}
    | {("migrate", name) for name in ("script_location", "alembic_config", "alembic_section")}
    | {ENABLED, PROTECTED}
)
"""Settings that all databases of one call share: one set of revisions, of plugins, one log."""


@dataclass(frozen=True, slots=True)
class Target(NeverPickled):
    """One database of many, as a plugin's `list_targets` or a list names it."""

    name: str
    """How it is called, on the command line and in reports."""
    url: str = field(repr=False)
    """`postgresql://user:password@host:5432/name`; its `repr` does not hold it."""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Settings of its own by key, `migrate.lock_timeout`, or in tables."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Words by which `--label` chooses it: `{"region": "eu"}`."""
    schema: str = ""
    """The one schema in that database that is this target, a tenant; empty for all of it."""
    source: str = ""
    """Where it is listed: `targets.toml [acme]`; the core fills it for a plugin."""


def read_target(target: Target | None, catalog: Catalog) -> SourceValues:
    """Return what is said for *target*: its URL, and the settings of its own."""
    if target is None:
        return SourceValues()
    place = f"target {target.name} ({target.source})"
    urls = [SourceValue(path, target.url, place, Layer.TARGET) for path in URLS]
    return SourceValues.of([*urls, *_settings(target.settings, (), place, catalog)])


def _settings(
    table: Mapping[str, Any], above: Sequence[str], place: str, catalog: Catalog
) -> Iterator[SourceValue | Problem]:
    for key, value in table.items():
        path = fold_path((*above, *key.split(".")))
        if catalog.find(path):
            # A text is read by the type of its setting: in a CSV file there is nothing else.
            is_text = isinstance(value, str)
            said = SourceValue(path, value, place, Layer.TARGET, is_text=is_text)
            yield _fault(path, place) or said
        elif isinstance(value, dict):
            yield from _settings(value, path, place, catalog)
        elif not catalog.is_unjudged(path):
            yield catalog.unknown(path, name_of(path), place)


def _fault(path: tuple[str, ...], place: str) -> Problem | None:
    """Return why a target has no *path* of its own; None where it may have one."""
    if path in URLS:
        return Problem(name_of(path), "is the url of the target", place, "write it as url")
    if path in _OF_THE_PROCESS or path[: len(TARGETS)] == TARGETS or is_policy(path):
        hint = "set it for the environment"
        return Problem(name_of(path), "is the same for all targets", place, hint)
    return None
