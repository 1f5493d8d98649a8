"""Back the database up at its times, to a store off this host: `scheduled_backups.py 02:30`.

Times are UTC: `02:30`, several as `02:30,14:30`, or an interval, `6h` or `45m`, counted from
midnight where a day holds a whole number of them. `--healthy` is the health check: exit 0 when the
last backup is young enough.
A backup is `migrate.py backup create`, under the lock of every run: there are never two at once.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

MIGRATE = (sys.executable, "migrate.py")
# Until when the container is healthy, in seconds of Unix; its own file system forgets it with it.
HEALTH_FILE = Path(tempfile.gettempdir()) / "scheduled_backups_healthy_until"
FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 3600

_DAY_SECONDS = 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600}
_LOOK_SECONDS = 1.0
_USAGE = 2


@dataclass(frozen=True, slots=True)
class Schedule:
    """Moments that come again every *period_seconds*: *offsets* seconds after its beginning."""

    period_seconds: int
    offsets: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read times of day or an interval; raise ValueError for anything else."""
        if interval := re.fullmatch(r"([1-9]\d*)([smh])", text):
            return cls(int(interval[1]) * _UNITS[interval[2]], (0,))
        times = [re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", part) for part in text.split(",")]
        offsets = {int(found[1]) * 3600 + int(found[2]) * 60 for found in times if found}
        if not all(times):
            raise ValueError(f"{text!r} is no time such as 02:30 or 02:30,14:30, and no 6h or 45m")
        return cls(_DAY_SECONDS, tuple(sorted(offsets)))

    def next_after(self, now: float) -> float:
        """Return the first moment after *now*, in seconds of Unix."""
        return min(moment for moment in self._around(now) if moment > now)

    def last_until(self, now: float) -> float:
        """Return the last moment that is not after *now*."""
        return max(moment for moment in self._around(now) if moment <= now)

    @property
    def longest_gap_seconds(self) -> int:
        """The longest time from one moment to the next."""
        following = (*self.offsets[1:], self.offsets[0] + self.period_seconds)
        return max(later - sooner for sooner, later in zip(self.offsets, following, strict=True))

    def _around(self, now: float) -> list[float]:
        begin = now - now % self.period_seconds
        periods = (begin - self.period_seconds, begin, begin + self.period_seconds)
        return [period + offset for period in periods for offset in self.offsets]


@dataclass(slots=True)
class Scheduler:
    """Make backups at the moments of *schedule* until a signal comes."""

    schedule: Schedule
    _signal: int = field(default=0, init=False)

    def serve(self) -> int:
        """Return 128 and the signal's number, as a shell does, when one has come."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        due, failures = self._first_due(time.time()), 0
        while self._sleeps_until(due):
            code, now = self._back_up(), time.time()
            if self._signal:
                break
            due = self.schedule.next_after(now)
            failures = failures + 1 if code else 0
            if failures:
                due = min(due, now + pause_seconds(failures))
                self._say(f"the backup failed with exit code {code}, {failures} in a row")
            else:
                self._is_healthy_from(now)
        return 128 + self._signal

    def _first_due(self, now: float) -> float:
        """Return *now* where a moment has passed since the newest backup, or there is none.

        So the first one, and with it the way to the store, is tried at once and not at night.
        """
        newest = newest_off_host()
        if newest is None or newest < self.schedule.last_until(now):
            return now
        self._is_healthy_from(newest)
        return self.schedule.next_after(now)

    def _sleeps_until(self, due: float) -> bool:
        """Wait for *due* by the clock of the wall, which may be set; return False for a signal."""
        if due > time.time():
            self._say(f"next backup at {_utc(due)}")
        while not self._signal and (now := time.time()) < due:
            # A clock that was set back has moments before the one that was next.
            due = min(due, self.schedule.next_after(now))
            time.sleep(min(_LOOK_SECONDS, max(due - now, 0.0)))
        return not self._signal

    def _back_up(self) -> int:
        """Make one backup and return its exit code; a signal is passed on, its end awaited."""
        told = 0
        with subprocess.Popen([*MIGRATE, "backup", "create"]) as process:
            while process.poll() is None:
                if self._signal != told:
                    told = self._signal
                    process.send_signal(told)
                try:
                    process.wait(_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        return process.returncode

    def _is_healthy_from(self, made: float) -> None:
        """Note that a backup was *made*: two moments may now pass without one."""
        until = HEALTH_FILE.with_suffix(".new")
        until.write_text(str(made + 2 * self.schedule.longest_gap_seconds), "utf-8")
        until.replace(HEALTH_FILE)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number

    def _say(self, text: str) -> None:
        print(f"{_utc(time.time())}: {text}", flush=True)  # noqa: T201 - the container's log


def pause_seconds(failures: int) -> float:
    """Return the time to the next attempt after *failures* in a row: it doubles, to an hour."""
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 30), LONGEST_PAUSE_SECONDS)


def newest_off_host() -> float | None:
    """Return when the newest backup of this database was made; None when it is on this host only.

    Also None while the store does not answer: the attempt that follows tells why.
    """
    answer = _ask("backup", "show", "latest")
    places = answer.get("data", {}).get("places", [])
    if not [place for place in places if place != "local"]:
        return None
    return datetime.fromisoformat(answer["data"]["created_at"]).timestamp()


def require_store() -> None:
    """Exit where the settings are wrong, or have no store off this host."""
    answer = _ask("config", "explain", "plugins.backup.upload_to")
    if error := answer["error"]:
        sys.exit(_refusal(f"{error['message']}\n  next: {error['hint']}"))
    if not answer["config"]["value"]:
        sys.exit(
            _refusal(
                "Scheduled backups have no store off this host.\n"
                "  why: plugins.backup.upload_to is not set, and a backup beside its database is"
                " lost with it\n"
                "  next: set PLUGINS__BACKUP__UPLOAD_TO, see docs/operators/backup-storage.md"
            )
        )


def _ask(*words: str) -> dict[str, Any]:
    shown = subprocess.run([*MIGRATE, *words, "--json"], stdout=subprocess.PIPE, check=False)
    try:
        answer: dict[str, Any] = json.loads(shown.stdout)
    except ValueError:
        sys.exit(
            _refusal(
                f"Scheduled backups got no answer from `migrate.py {' '.join(words)}`.\n"
                f"  why: it ended with exit code {shown.returncode}; -9 is a kill, as for memory\n"
                "  next: look at the lines above, or raise SST_MIGRATE_MEMORY"
            )
        )
    return answer


def _refusal(text: str) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - three lines, as every error has
    return _USAGE


def is_healthy() -> bool:
    """Tell whether a backup was made, or found, and the next but one is not overdue."""
    try:
        return time.time() < float(HEALTH_FILE.read_text("utf-8"))
    except (OSError, ValueError):
        return False


def _utc(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def main(word: str) -> int:
    """Serve the schedule of *word*, or answer `--healthy`; return the exit code."""
    if word == "--healthy":
        return 0 if is_healthy() else 1
    try:
        schedule = Schedule.parse(word)
    except ValueError as error:
        return _refusal(f"Scheduled backups have no schedule: {error}")
    require_store()
    return Scheduler(schedule).serve()


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
