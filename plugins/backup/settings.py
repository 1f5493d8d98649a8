"""The settings of the plugin, as one model: storage, making, restoring."""

from __future__ import annotations

from .make.settings import CreateSettings
from .restore.settings import RestoreSettings
from .store.settings import StorageSettings


class Config(StorageSettings, CreateSettings, RestoreSettings):
    """Where backups go, how they are made and proven, and how they are restored."""
