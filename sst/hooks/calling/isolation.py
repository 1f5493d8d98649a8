"""Keep what a plugin's call does to the process from the next plugin: put back, and logged.

There is no sandbox: docs/plugin-authors/plugin-isolation.md names what a plugin can still do.
"""

from __future__ import annotations

import locale
import logging
import operator
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sst.redaction.plugin_output import Quota, charge, forwarding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Snapshot = Any
    Variables = tuple[bool, dict[bytes, bytes]]

_ENVIRON = os.environ
# A public copy encodes and decodes every variable, twice for every call of a hook.
_VARIABLES: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]  # noqa: SLF001
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
_OURS = "sst"
_SAME_SECONDS = 0.5
_left_running: WeakKeyDictionary[threading.Thread, str] = WeakKeyDictionary()


@contextmanager
def isolated(who: str, blame: Callable[[str], None], owner: str = "") -> Iterator[Quota]:
    """Put back what the body changes of the process, and bound what it prints.

    *blame* gets what was changed; a thread that stays is remembered as one of *who*.
    *owner* is the plugin, for the log lines that it writes.
    Yields the quota, which a thread of the body has to spend explicitly.
    """
    quota = Quota(owner=owner)
    threads = set(threading.enumerate())
    before = [(part, part.read()) for part in _PARTS]
    try:
        with forwarding(quota):
            yield quota
    finally:
        for part, was in before:
            now = part.read()
            if part.differs(was, now):
                part.write(was, now)
                blame(f"changed {part.change(was, now)}; it is put back")
        quota.close()
        if quota.dropped:
            blame(f"printed {quota.dropped} characters too many; they are left out")
        for thread in set(threading.enumerate()) - threads:
            _left_running.setdefault(thread, who)
            charge(thread, quota)


def threads_left() -> tuple[tuple[str, str], ...]:
    """Return the threads that plugins started and that still run: whose, and the thread's name."""
    found = [(who, thread.name) for thread, who in _left_running.items() if thread.is_alive()]
    return tuple(sorted(found))


def await_threads(seconds: float) -> bool:
    """Wait for the threads that plugins left and that keep the process from ending.

    Returns whether one of them still runs after *seconds*.
    """
    end = time.monotonic() + seconds
    holding = [thread for thread in _left_running if thread.is_alive() and not thread.daemon]
    for thread in holding:
        thread.join(max(0.0, end - time.monotonic()))
    return any(thread.is_alive() for thread in holding)


@dataclass(frozen=True, slots=True)
class _Part:
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


def _folder() -> str | None:
    with suppress(OSError):
        return os.getcwd()  # noqa: PTH109 - a plain text, for it is compared
    return None


def _go_back(was: str | None, _now: str | None) -> None:
    with suppress(OSError):
        os.chdir(was or "/")


def _variables() -> Variables:
    return os.environ is _ENVIRON, _VARIABLES.copy()


def _put_variables(was: Variables, now: Variables) -> None:
    os.environ = _ENVIRON  # noqa: B003 - the object that the process began with
    for name in _changed(was, now):
        if name in was[1]:
            os.environb[name] = was[1][name]
        else:
            os.environb.pop(name, None)


def _changed(was: Variables, now: Variables) -> list[bytes]:
    names = was[1].keys() | now[1].keys()
    return sorted(name for name in names if was[1].get(name) != now[1].get(name))


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


def _logging() -> dict[str, tuple[Any, ...]]:
    """Return how the log is set up: the root's logger and ours, which carry the masking.

    Of all others it is whether they speak: `logging.config` silences every logger that it finds.
    """
    manager = logging.root.manager
    found = {
        name: _logger(logger) if name.partition(".")[0] == _OURS else (logger.disabled,)
        for name, logger in manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    return found | {"": _logger(logging.root), "disable": (manager.disable,)}


def _logger(logger: logging.Logger) -> tuple[Any, ...]:
    handlers, filters = tuple(logger.handlers), tuple(logger.filters)
    return logger.level, logger.disabled, logger.propagate, handlers, filters


def _logging_differs(was: dict[str, tuple[Any, ...]], now: dict[str, tuple[Any, ...]]) -> bool:
    # A logger that is new is no change.
    return any(now.get(name) != state for name, state in was.items())


def _put_logging(was: dict[str, tuple[Any, ...]], _now: dict[str, tuple[Any, ...]]) -> None:
    logging.disable(was["disable"][0])
    for name, state in was.items():
        if name == "disable":
            continue
        logger = logging.getLogger(name)
        if len(state) == 1:
            (logger.disabled,) = state
            continue
        logger.setLevel(state[0])
        logger.disabled, logger.propagate = state[1], state[2]
        logger.handlers[:], logger.filters[:] = state[3], state[4]


_PARTS = (
    # First: what is said of the others must reach the log.
    _Part("the logging", _logging, _put_logging, differs=_logging_differs),
    _Part("the working folder", _folder, _go_back, lambda _was, now: str(now)),
    _Part(
        "os.environ",
        _variables,
        _put_variables,
        lambda was, now: ", ".join(map(os.fsdecode, _changed(was, now))),
    ),
    _Part("sys.path", lambda: tuple(sys.path), _put_path),
    _Part("a signal's handler", _handlers, _put_handlers),
    _Part("the alarm clock", _alarm, _put_alarm, differs=_alarm_differs),
    _Part("the locale", lambda: locale.setlocale(locale.LC_ALL), _put_locale),
)
