"""Incidents reported by anybody: tables of its own, routes, checks, commands and settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sst.hooks import ApplicationContext, Check, Migrations, hookimpl

if TYPE_CHECKING:
    import click
    from fastapi import APIRouter


class Config(BaseModel):
    """What is expected of those who look after incidents."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    site_within_days: int = Field(
        3, ge=0, description="Days after which a report without a site makes the check fail."
    )
    listed: int = Field(50, ge=1, le=500, description="The most reports that one answer lists.")
    token: SecretStr | None = Field(
        None, description="Asked for by every route as `Authorization: Bearer`; none: open."
    )


class Plugin:
    """Everything that this package adds; each hook imports what it needs when it is called."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def register_migrations(self) -> list[Migrations]:
        """Return the revisions of the branch `incidents`, and the models they lead to."""
        from sst_incidents.models import Base

        folder = Path(__file__).parent / "versions"
        return [Migrations(folder, branch_label="incidents", metadata=[Base.metadata])]

    @hookimpl
    def register_checks(self) -> list[Check]:
        """Return what `check` and `/health` ask."""
        from sst_incidents.checks import checks

        return checks(self._config.site_within_days)

    @hookimpl
    def register_routers(self, application: ApplicationContext) -> list[APIRouter]:
        """Return the routes, which come to stand under `/plugins/incidents`."""
        from sst_incidents.api import router

        return [router(application.engine, self._config.token, self._config.listed)]

    @hookimpl
    def register_commands(self) -> list[click.Command]:
        """Return `migrate.py incidents`."""
        from sst_incidents.commands import group

        return [group(self._config.listed)]
