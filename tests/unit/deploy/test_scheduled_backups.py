"""The moments of scheduled backups, on a clock that is set and a machine that sleeps."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from deploy import scheduled_backups
from deploy.scheduled_backups import Schedule, Scheduler, pause_seconds

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("schedule", "now", "last", "following", "gap_hours"),
    [
        ("02:30", "2026-11-26T16:00", "2026-11-26T02:30", "2026-11-27T02:30", 24),
        ("02:30", "2026-11-26T02:30", "2026-11-26T02:30", "2026-11-27T02:30", 24),
        ("02:30", "2026-11-26T01:00", "2026-11-25T02:30", "2026-11-26T02:30", 24),
        ("20:00,06:00", "2026-11-26T07:00", "2026-11-26T06:00", "2026-11-26T20:00", 14),
        ("6h", "2026-11-26T16:00", "2026-11-26T12:00", "2026-11-26T18:00", 6),
    ],
)
def test_moments_of_a_schedule(
    schedule: str, now: str, last: str, following: str, gap_hours: int
) -> None:
    """They do not depend on when the service was started, and a moment is not before itself."""
    parsed = Schedule.parse(schedule)

    assert parsed.last_until(unix(now)) == unix(last)
    assert parsed.next_after(unix(now)) == unix(following)
    assert parsed.longest_gap_seconds == gap_hours * 3600


def unix(text: str) -> float:
    """Return the seconds of Unix at *text*, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


class Clock:
    """A clock on the wall that somebody sets while the service sleeps."""

    def __init__(self, start: str, *settings: str) -> None:
        self.now = unix(start)
        self._settings = [*map(unix, settings)]
        self.asleep = 0

    def time(self) -> float:
        """Return what the clock shows."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Go on, or be set, which happens once for each of the settings."""
        self.asleep += 1
        self.now = self._settings.pop(0) if self._settings else self.now + seconds


@pytest.mark.parametrize(
    ("settings", "woken"),
    [
        ((), "2026-11-26T02:30"),
        (("2026-11-29T12:00",), "2026-11-29T12:00"),
        (("2026-11-20T02:29:50",), "2026-11-20T02:30"),
    ],
    ids=["nothing", "the machine slept for days", "the clock was set back by days"],
)
def test_wait_ends_by_the_clock_on_the_wall(
    monkeypatch: pytest.MonkeyPatch, settings: tuple[str, ...], woken: str
) -> None:
    """Late once, after a sleep; and not days later, because the clock was wrong before."""
    clock = Clock("2026-11-26T02:29:50", *settings)
    monkeypatch.setattr(scheduled_backups, "time", clock)
    scheduler = Scheduler(Schedule.parse("02:30"))

    assert scheduler._sleeps_until(unix("2026-11-26T02:30"))
    assert clock.now == unix(woken)


def test_pauses_between_attempts_double_to_an_hour() -> None:
    """A store that is away for a night is neither hammered nor forgotten."""
    assert [pause_seconds(n) for n in (1, 2, 3, 6, 7, 1000)] == [60, 120, 240, 1920, 3600, 3600]


def test_two_moments_without_a_backup_are_unhealthy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(scheduled_backups, "HEALTH_FILE", tmp_path / "healthy_until")
    clock = Clock("2026-11-26T02:31")
    monkeypatch.setattr(scheduled_backups, "time", clock)
    Scheduler(Schedule.parse("02:30"))._is_healthy_from(clock.now)

    answers = []
    for now in ("2026-11-28T02:30", "2026-11-28T02:32"):
        clock.now = unix(now)
        answers.append(scheduled_backups.is_healthy())

    assert answers == [True, False]


def test_command_that_is_killed_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where its memory ends: the log says which limit to raise."""
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(scheduled_backups, "MIGRATE", (sys.executable, "-c", killed))

    with pytest.raises(SystemExit) as ended:
        scheduled_backups.require_store()

    assert ended.value.code == 2
    assert "exit code -9" in capsys.readouterr().err
