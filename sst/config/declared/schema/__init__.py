"""The core's settings as models.

- `base.py`: marks, types of values, and the frozen base
- `core.py`: all of them
- `migrate.py`: those of migrations
- `targets.py`: the databases of a call that works on many
"""

from __future__ import annotations

from sst.config.declared.schema.base import (
    DECLARED_MARK,
    PATH_MARK,
    URL_MARK,
    Frozen,
    LogFormat,
    LogLevel,
    OptionalSecret,
)
from sst.config.declared.schema.core import (
    DEVELOPMENT,
    NOT_FROM_SOURCES,
    PRODUCTION,
    PluginsSettings,
    Settings,
)
from sst.config.declared.schema.migrate import MigrateSettings
from sst.config.declared.schema.targets import TargetEntry, TargetsSettings

__all__ = [
    "DECLARED_MARK",
    "DEVELOPMENT",
    "NOT_FROM_SOURCES",
    "PATH_MARK",
    "PRODUCTION",
    "URL_MARK",
    "Frozen",
    "LogFormat",
    "LogLevel",
    "MigrateSettings",
    "OptionalSecret",
    "PluginsSettings",
    "Settings",
    "TargetEntry",
    "TargetsSettings",
]
