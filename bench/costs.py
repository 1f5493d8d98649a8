"""What a step costs: time, processor time, and how long connections were refused meanwhile."""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE_SECONDS = 0.01


@dataclass
class Figures:
    """What each run of each step took, by name; printed at once when *is_shown*."""

    values: dict[str, list[float]] = field(default_factory=dict)
    is_shown: bool = True

    def add(self, name: str, value: float) -> None:
        """Note one run's *value*."""
        self.values.setdefault(name, []).append(value)
        if self.is_shown:
            print(f"  {name:<42} {value:16,.2f}", flush=True)

    def median(self, name: str) -> float:
        """Return the median of the runs of *name*."""
        return statistics.median(self.values[name])

    def ratio(self, name: str, other: str) -> float:
        """Return the median of the ratios of the runs, each taken beside the other."""
        return statistics.median(self.ratios(name, other))

    def ratios(self, name: str, other: str) -> list[float]:
        """Return the ratio of each run of *name* to that of *other* beside it."""
        pairs = zip(self.values[name], self.values[other], strict=True)
        return [one / two for one, two in pairs]


class Processors:
    """The processor time of this process's children, and of the server where it is this machine's.

    The children of *postmaster* are its sessions; those that have ended are in its own account.
    """

    def __init__(self, postmaster: int | None) -> None:
        self._postmaster = postmaster

    @property
    def seconds(self) -> float:
        """All that was used until now."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime + self._server_seconds()

    def _server_seconds(self) -> float:
        if self._postmaster is None:
            return 0.0
        family = [self._postmaster, *_children(self._postmaster)]
        return sum(_used_ticks(each, whole=each == self._postmaster) for each in family) / _TICKS


class Connecting:
    """Somebody who connects a hundred times a second, and notes the longest time in vain."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self.longest_seconds = 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Connect while the block runs."""
        thread = threading.Thread(target=self._connect, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _connect(self) -> None:
        answered = time.monotonic()
        while not self._over.wait(_PAUSE_SECONDS):
            with contextlib.suppress(psycopg2.OperationalError):
                connect(self._url).close()
                now = time.monotonic()
                self.longest_seconds = max(self.longest_seconds, now - answered)
                answered = now


def postmaster_of(url: str) -> int | None:
    """Return the process of the server of *url*; None when it is not on this machine."""
    with contextlib.closing(connect(url)) as connection:
        fields = _stat(connection.info.backend_pid)
        parent = int(fields[1]) if fields else 0
    name = Path(f"/proc/{parent}/comm")
    return parent if parent and name.read_text().startswith("postgres") else None


def _children(process: int) -> list[int]:
    there = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [each for each in there if (fields := _stat(each)) and int(fields[1]) == process]


def _used_ticks(process: int, *, whole: bool) -> int:
    """Return what *process* used; the *whole* has its children that have ended as well."""
    fields = _stat(process)
    return sum(int(value) for value in fields[11 : 15 if whole else 13])


def _stat(process: int) -> list[str]:
    """Return the fields of proc(5) from `state` on; none when there is no such process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
