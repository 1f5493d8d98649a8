"""Commands in processes of their own, which are the kit's, and how tests wait for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sst.testing.project.outcome import Outcome as Finished
from sst.testing.project.processes import _PRELOADED, Running, fork_server, redirect, start

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Finished", "Running", "fork_server", "redirect", "start", "wait_until"]

_PRELOADED.append("tests.support.served")  # an application of a test is served by a fork too


def wait_until(condition: Callable[[], object], what: str, timeout_seconds: float = 120.0) -> None:
    """Await *condition* (called again and again); fail with *what* when it never comes true."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"never happened: {what}"
            raise AssertionError(message)
        time.sleep(0.02)
