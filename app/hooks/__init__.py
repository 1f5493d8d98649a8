"""The plugin contract: all that a plugin may import."""

from __future__ import annotations

from app.db.url import DatabaseUrl
from app.errors import ConfigError, DatabaseUnreachableError, Problem, TemporaryError
from app.hooks.commands import CommandContext, CommandResult, LockedWork, Restored
from app.hooks.marker import hookimpl
from app.hooks.serving import ApplicationContext, Middleware
from app.hooks.types import (
    ALL_STAGES,
    Backup,
    Check,
    CheckResult,
    CheckStatus,
    Direction,
    Event,
    EventKind,
    Failure,
    Inspection,
    Migrations,
    Revision,
    Run,
    Stage,
    Veto,
)

__all__ = [
    "ALL_STAGES",
    "ApplicationContext",
    "Backup",
    "Check",
    "CheckResult",
    "CheckStatus",
    "CommandContext",
    "CommandResult",
    "ConfigError",
    "DatabaseUnreachableError",
    "DatabaseUrl",
    "Direction",
    "Event",
    "EventKind",
    "Failure",
    "Inspection",
    "LockedWork",
    "Middleware",
    "Migrations",
    "Problem",
    "Restored",
    "Revision",
    "Run",
    "Stage",
    "TemporaryError",
    "Veto",
    "hookimpl",
]
