"""The plugin alone: a plain class, created and called."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from sst_office_hours import Config, Plugin

from app.hooks import Veto


def a_run(hour: int, *, day: int = 20, environment: str = "production") -> Any:
    """Return a run that starts in November 2026; the 20th is a Friday."""
    return SimpleNamespace(
        started_at=datetime(2026, 11, day, hour, tzinfo=UTC), environment=environment
    )


def test_run_in_the_office_hours_passes() -> None:
    Plugin(Config()).pre_migrate(a_run(8))


@pytest.mark.parametrize("run", [a_run(7), a_run(16), a_run(12, day=21), a_run(12, day=22)])
def test_run_outside_of_them_is_refused(run: Any) -> None:
    with pytest.raises(Veto, match="nobody is there"):
        Plugin(Config()).pre_migrate(run)


def test_hours_are_those_of_the_time_zone() -> None:
    """20:00 UTC is 15:00 in Bogotá."""
    Plugin(Config(timezone="America/Bogota")).pre_migrate(a_run(20))


def test_other_environments_know_no_hours() -> None:
    Plugin(Config()).pre_migrate(a_run(3, environment="development"))


def test_unknown_time_zone_is_a_wrong_setting() -> None:
    with pytest.raises(ValidationError, match="not a time zone"):
        Config(timezone="America/Bogata")
