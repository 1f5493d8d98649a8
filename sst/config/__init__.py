"""Settings: files, variables and plugins in, one frozen `Configuration` out.

- `binding/`: from source values to one frozen `Configuration`
- `declared/`: the settings that exist
- `habits/`: Dynaconf's habits, each answered
- `show/`: settings as they may be shown
- `sources/`: files, variables, secret files, the command line

Nothing here imports Dynaconf or pydantic before it is used: `migrate.py --help` must stay fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sst.config.binding.configuration import Configuration, Entry
    from sst.config.binding.open_sources import open_sources
    from sst.config.binding.sources import Sources
    from sst.config.declared.schema import MigrateSettings, PluginsSettings, Settings
    from sst.config.sources.source_values import PluginValue

__all__ = [
    "Configuration",
    "Entry",
    "MigrateSettings",
    "PluginValue",
    "PluginsSettings",
    "Settings",
    "Sources",
    "open_sources",
]

_HOMES = {
    "Configuration": "binding.configuration",
    "Entry": "binding.configuration",
    "MigrateSettings": "declared.schema",
    "PluginValue": "sources.source_values",
    "PluginsSettings": "declared.schema",
    "Settings": "declared.schema",
    "Sources": "binding.sources",
    "open_sources": "binding.open_sources",
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
