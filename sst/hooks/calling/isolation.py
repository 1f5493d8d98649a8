"""Keep what a plugin's call does to the process from the next plugin: put back, and logged.

There is no sandbox: docs/plugin-authors/plugin-isolation.md names what a plugin can still do.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sst.process.parts import PARTS
from sst.redaction.plugin_output import Quota, charge, forwarding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    before = [(part, part.read()) for part in PARTS]
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
            leave_running(thread, who, quota)


def leave_running(thread: threading.Thread, who: str, quota: Quota) -> None:
    """Remember that *thread* is one of *who*, whose *quota* it has."""
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
