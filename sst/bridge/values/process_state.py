"""Keeps what env.py and revisions do to the process within their run: stdout and logging."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, redirect_stdout, suppress
from functools import partial
from typing import TYPE_CHECKING

from sst.process.loggers import Logging

if TYPE_CHECKING:
    from collections.abc import Iterator

# `alembic.context` and `alembic.op` are one per process: two runs at once would mix them up.
ONE_AT_A_TIME = threading.Lock()
_STDOUT = 1
_STDERR = 2


Outside = Callable[[], AbstractContextManager[None]]


@contextmanager
def kept_within() -> Iterator[Outside]:
    """Send stdout to stderr, and put logging back as it was afterwards.

    Yields a function that puts it back for a while: for our own work in between.
    Programs that are started, such as a formatter after `revision`, write to the same stderr.
    An `env.py` that calls `fileConfig` would otherwise disable and replace the process's loggers.
    """
    before = Logging.now()
    try:
        with _stdout_goes_to_stderr(), redirect_stdout(sys.stderr):
            yield partial(_as_it_was, before)
    finally:
        before.restore()


@contextmanager
def _as_it_was(before: Logging) -> Iterator[None]:
    """Restore the logging *before* for the body, and then the one that was there."""
    if before.holds():
        yield
        return
    meanwhile = Logging.now()
    before.restore()
    try:
        yield
    finally:
        meanwhile.restore()


@contextmanager
def _stdout_goes_to_stderr() -> Iterator[None]:
    kept = _copy_of_stdout()
    if kept is None:
        yield
        return
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)


def _copy_of_stdout() -> int | None:
    # A process may run with either of them closed.
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        os.fstat(_STDERR)
        return os.dup(_STDOUT)
    return None
