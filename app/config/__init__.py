"""Settings: files, variables and plugins in, one frozen `Configuration` out.

Nothing here imports Dynaconf or pydantic before it is used: `migrate.py --help` must stay fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

# Not lazily: the function and its module share a name, and the module must not take its place.
from app.config.redact import redact

if TYPE_CHECKING:
    from app.config.configuration import Configuration, Entry, PluginValue
    from app.config.logs import configure_logging
    from app.config.schema import MigrateSettings, PluginsSettings, Settings
    from app.config.sources import Sources, open_sources

__all__ = [
    "Configuration",
    "Entry",
    "MigrateSettings",
    "PluginValue",
    "PluginsSettings",
    "Settings",
    "Sources",
    "configure_logging",
    "open_sources",
    "redact",
]

_HOMES = {
    "Configuration": "configuration",
    "Entry": "configuration",
    "MigrateSettings": "schema",
    "PluginValue": "configuration",
    "PluginsSettings": "schema",
    "Settings": "schema",
    "Sources": "sources",
    "configure_logging": "logs",
    "open_sources": "sources",
}


def __getattr__(name: str) -> object:
    """Import a public *name* from its module when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
