"""Refuse to migrate when nobody is there to help."""

from __future__ import annotations

from datetime import time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, field_validator

from sst.hooks import Run, Veto, hookimpl

_FRIDAY = 4


class Config(BaseModel):
    """When somebody is there."""

    opens: time = Field(time(8), description="The first minute in which a run may start.")
    closes: time = Field(time(16), description="The first minute in which it may not.")
    timezone: str = Field("UTC", description="Of the two times, such as America/Bogota.")
    environments: tuple[str, ...] = Field(
        ("production",), description="Where the hours hold; elsewhere every hour is fine."
    )

    @field_validator("timezone")
    @classmethod
    def _must_exist(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not a time zone of the IANA database") from error
        return name


class Plugin:
    """Refuse runs outside the hours of the settings, and on Saturday and Sunday."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._zone: tzinfo = ZoneInfo(config.timezone)

    @hookimpl
    def pre_migrate(self, run: Run) -> None:
        """Refuse *run* when the office is closed, before anything is touched."""
        if run.environment not in self._config.environments:
            return
        now = run.started_at.astimezone(self._zone)
        is_open = self._config.opens <= now.time() < self._config.closes
        if now.weekday() > _FRIDAY or not is_open:
            raise Veto(f"nobody is there: {now:%A %H:%M} in {self._config.timezone}", self._hint())

    def _hint(self) -> str:
        hours = f"{self._config.opens:%H:%M} and {self._config.closes:%H:%M}"
        return f"run it from Monday to Friday between {hours}, or disable office_hours this once"
