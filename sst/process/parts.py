"""Every part of the process that a plugin's call is kept from: read, compared, put back."""

from __future__ import annotations

import locale
import operator
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.process.environment import Variables, restore_working_folder, working_folder
from sst.process.loggers import OwnLogging

if TYPE_CHECKING:
    from collections.abc import Callable

    Snapshot = Any

_SIGNALS = tuple(
    getattr(signal, name)
    for name in (
        "SIGINT",
        "SIGTERM",
        "SIGHUP",
        "SIGQUIT",
        "SIGALRM",
        "SIGUSR1",
        "SIGUSR2",
        "SIGCHLD",
    )
)
_SAME_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """Something that the whole process shares."""

    name: str
    read: Callable[[], Snapshot]
    write: Callable[[Snapshot, Snapshot], None]
    """Put the first snapshot back, in place of the second."""
    detail: Callable[[Snapshot, Snapshot], str] = lambda _was, _now: ""
    differs: Callable[[Snapshot, Snapshot], bool] = operator.ne

    def change(self, was: Snapshot, now: Snapshot) -> str:
        """Return what was changed; no value of a variable, which may be a secret."""
        detail = self.detail(was, now)
        return f"{self.name} ({detail})" if detail else self.name


def _put_path(was: tuple[str, ...], _now: tuple[str, ...]) -> None:
    sys.path[:] = was


def _handlers() -> tuple[Any, ...]:
    return tuple(signal.getsignal(number) for number in _SIGNALS)


def _put_handlers(was: tuple[Any, ...], now: tuple[Any, ...]) -> None:
    for number, old, new in zip(_SIGNALS, was, now, strict=True):
        if old is not new and old is not None:
            # Only the main thread may, and only there it can have been changed.
            with suppress(ValueError):
                signal.signal(number, old)


def _alarm() -> float:
    """Return when SIGALRM comes; 0 for never."""
    seconds = signal.getitimer(signal.ITIMER_REAL)[0]
    return time.monotonic() + seconds if seconds else 0.0


def _alarm_differs(was: float, now: float) -> bool:
    return abs(was - now) > _SAME_SECONDS


def _put_alarm(was: float, _now: float) -> None:
    seconds = max(_SAME_SECONDS, was - time.monotonic()) if was else 0.0
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _put_locale(was: str, _now: str) -> None:
    with suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, was)


PARTS = (
    # First: what is said of the others must reach the log.
    Part(
        "the logging",
        OwnLogging.now,
        lambda was, _now: was.restore(),
        differs=lambda was, now: was.differs(now),
    ),
    Part(
        "the working folder",
        working_folder,
        lambda was, _now: restore_working_folder(was),
        lambda _was, now: str(now),
    ),
    Part(
        "os.environ",
        Variables.now,
        lambda was, now: was.restore(now),
        lambda was, now: ", ".join(was.changed(now)),
    ),
    Part("sys.path", lambda: tuple(sys.path), _put_path),
    Part("a signal's handler", _handlers, _put_handlers),
    Part("the alarm clock", _alarm, _put_alarm, differs=_alarm_differs),
    Part("the locale", lambda: locale.setlocale(locale.LC_ALL), _put_locale),
)
"""In the order in which they are put back."""
