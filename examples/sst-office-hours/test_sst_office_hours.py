"""The plugin alone: a plain class, created and called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from sst_office_hours import Config, Plugin

from sst.hooks import Run, Veto
from sst.testing import a_run, assert_conforms


def at(hour: int, *, day: int = 20, environment: str = "production") -> Run:
    """Return a run that starts in November 2026; the 20th is a Friday."""
    started = datetime(2026, 11, day, hour, tzinfo=UTC)
    return a_run(started_at=started, environment=environment)


def test_package_keeps_the_contract() -> None:
    assert_conforms("office_hours")


def test_run_in_the_office_hours_passes() -> None:
    Plugin(Config()).pre_migrate(at(8))


@pytest.mark.parametrize("run", [at(7), at(16), at(12, day=21), at(12, day=22)])
def test_run_outside_of_them_is_refused(run: Run) -> None:
    with pytest.raises(Veto, match="nobody is there"):
        Plugin(Config()).pre_migrate(run)


def test_hours_are_those_of_the_time_zone() -> None:
    """20:00 UTC is 15:00 in Bogotá."""
    Plugin(Config(timezone="America/Bogota")).pre_migrate(at(20))


def test_other_environments_know_no_hours() -> None:
    Plugin(Config()).pre_migrate(at(3, environment="development"))


def test_unknown_time_zone_is_a_wrong_setting() -> None:
    with pytest.raises(ValidationError, match="not a time zone"):
        Config(timezone="America/Bogata")
