"""The settings of the plugin, as one model: storage, making, restoring."""

from __future__ import annotations

from .make.settings import CreateSettings
from .restore.settings import RestoreSettings
from .store.settings import StorageSettings


class Config(StorageSettings, CreateSettings, RestoreSettings):
    """Where backups go, what makes them, what proves them, and how they come back."""
