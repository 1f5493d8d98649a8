"""End the process, whatever a plugin has left running in it."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

_GRACE_SECONDS = 2.0


def leave(code: int) -> NoReturn:
    """End the process with *code*.

    The interpreter waits for every thread that is no daemon, for ever: one that a plugin left has
    a moment to end, then the process ends without it.
    """
    # Not imported for this: without plugins there is nothing to wait for.
    isolation = sys.modules.get("sst.hooks.calling.isolation")
    if isolation is not None and isolation.await_threads(_GRACE_SECONDS):
        atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter's own, which is left out below
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise SystemExit(code)
