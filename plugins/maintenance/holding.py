"""Hold the flag up while a block runs: raised before it, renewed meanwhile, down after it."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from sst.hooks import ThreadedWork, Veto, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .flag import Flag

log = logging.getLogger("sst.maintenance")

_RENEWALS_PER_LIFE = 3
_LAST_RENEWAL_SECONDS = 5.0


@contextmanager
def held(flag: Flag, ttl_seconds: float, settle_seconds: float) -> Iterator[None]:
    """Raise *flag*, wait *settle_seconds*, and hold it up around the block.

    Raises `Veto` when it cannot be raised; a flag that cannot be renewed or taken down later is
    logged, for it falls by itself.
    """
    renewals = _Renewals(flag, ttl_seconds)
    with ExitStack() as stack:
        stack.callback(_lower, flag, renewals, ttl_seconds)
        try:
            flag.keep_up()
        except Exception as error:
            stack.pop_all()
            with suppress(Exception):
                flag.take_down()
            raise _refusal(flag, error) from error
        renewals.start()
        log.info("maintenance begins: the flag in %s is up", flag.place)
        time.sleep(settle_seconds)
        yield


def _refusal(flag: Flag, error: Exception) -> Veto:
    reason = f"the maintenance flag in {flag.place} cannot be raised: {first_line(error)}"
    return Veto(reason, "make it reachable, or take maintenance out of plugins.enabled")


def _lower(flag: Flag, renewals: _Renewals, ttl_seconds: float) -> None:
    if not renewals.stop():
        # The thread still waits for an answer on the connection that this would use.
        reason = "no answer"
    else:
        try:
            flag.take_down()
        except Exception as error:  # noqa: BLE001 - the run is over, whatever happens here
            reason = first_line(error)
        else:
            log.info("maintenance is over: the flag in %s is down", flag.place)
            return
    words = "the maintenance flag in %s could not be taken down (%s); it expires within %g s"
    log.warning(words, flag.place, reason, ttl_seconds)


class _Renewals:
    """Keeps *flag* up on a thread of its own: the run's own thread waits for the server."""

    def __init__(self, flag: Flag, ttl_seconds: float) -> None:
        self._flag = flag
        self._pause_seconds = ttl_seconds / _RENEWALS_PER_LIFE
        self._over = threading.Event()
        self._work: ThreadedWork[None] | None = None

    def start(self) -> None:
        """Begin to renew."""
        self._work = ThreadedWork(self._renew, name="maintenance").start()

    def stop(self) -> bool:
        """Renew no more; return whether the last renewal has ended."""
        self._over.set()
        return self._work is None or self._work.failure(_LAST_RENEWAL_SECONDS) is None

    def _renew(self) -> None:
        is_failing = False
        while not self._over.wait(self._pause_seconds):
            try:
                self._flag.keep_up()
            except Exception as error:  # noqa: BLE001 - the next renewal may succeed
                if not is_failing:
                    words = "the maintenance flag in %s could not be renewed: %s"
                    log.warning(words, self._flag.place, first_line(error))
                is_failing = True
            else:
                is_failing = False
