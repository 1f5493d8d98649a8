"""Incidents reported by anybody: tables of its own, routes, checks, commands and settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from app.hooks import Migrations, hookimpl


class Config(BaseModel):
    """What is expected of those who look after incidents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site_within_days: int = Field(
        3, ge=0, description="Days after which a report without a site makes the check fail."
    )


class Plugin:
    """Everything that this package adds."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def register_migrations(self) -> list[Migrations]:
        """Return the revisions of the branch `incidents`, and the models they lead to."""
        from sst_incidents.models import Base

        folder = Path(__file__).parent / "versions"
        return [Migrations(folder, branch_label="incidents", metadata=[Base.metadata])]
