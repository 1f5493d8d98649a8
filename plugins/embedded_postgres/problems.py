"""Faults that show before a server is even tried, in the words of the settings."""

from __future__ import annotations

from sst.hooks import ConfigError, Problem

SETTING = "DATABASE_URL"
OTHER_WAY = "or set DATABASE_URL to a server: postgresql://user@host:5432/name"


def unusable(what: str, hint: str) -> ConfigError:
    """Return the error for an embedded server that cannot be had, and how it could."""
    problem = Problem(SETTING, f'"embedded" cannot be used: {what}', hint=f"{hint}; {OTHER_WAY}")
    return ConfigError([problem])
