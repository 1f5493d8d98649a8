"""The application as a plugin that adds to it sees it; add-only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sst.hooks.contract.run import default_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import SecretStr
    from sqlalchemy.engine import Engine
    from starlette.types import ASGIApp

    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.checks import Inspection
    from sst.hooks.contract.settings_view import SettingsView

Middleware: TypeAlias = "Callable[[ASGIApp], ASGIApp]"
"""Gets the ASGI application that is inside, returns the one around it."""


@dataclass(frozen=True, slots=True)
class ApplicationContext:
    """The application that is being built, for what it serves later."""

    environment: str
    project_root: Path
    """The folder that relative paths in settings start from."""
    database_url: Callable[[], DatabaseUrl] = field(repr=False, compare=False)
    """Return where the application's data is. Asking may start a server: not while it is built."""
    engine: Callable[[], Engine] = field(repr=False, compare=False)
    """Return the application's engine, with the pool of its settings. Not while it is built."""
    redis_url: SecretStr | None = field(repr=False)
    """REDIS_URL of the settings."""
    inspect: Callable[[], Inspection] = field(repr=False, compare=False)
    """Return a read-only look at the database on a connection of its own."""
    settings: SettingsView = field(default_factory=default_settings, repr=False, compare=False)
    """Settings of the platform and, below `app`, of the application; no secrets."""
