"""Keeps what env.py and revisions do to the process within their run: stdout and logging."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    before = _Logging.now()
    try:
        with _stdout_goes_to_stderr(), redirect_stdout(sys.stderr):
            yield before.for_a_while
    finally:
        before.restore()


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


@dataclass(frozen=True, slots=True)
class _LoggerState:
    level: int
    disabled: bool
    propagate: bool
    handlers: tuple[logging.Handler, ...]
    filters: tuple[Any, ...]

    @classmethod
    def of(cls, logger: logging.Logger) -> _LoggerState:
        return cls(
            logger.level,
            logger.disabled,
            logger.propagate,
            tuple(logger.handlers),
            tuple(logger.filters),
        )

    def restore(self, logger: logging.Logger) -> None:
        if logger.level != self.level:
            logger.setLevel(self.level)
        logger.disabled = self.disabled
        logger.propagate = self.propagate
        logger.handlers[:] = self.handlers
        logger.filters[:] = self.filters


_UNTOUCHED = _LoggerState(logging.NOTSET, False, True, (), ())  # noqa: FBT003 - as a new logger is


@dataclass(frozen=True, slots=True)
class _Logging:
    """The state of every logger of the process."""

    loggers: dict[str, _LoggerState]
    root: _LoggerState
    named_handlers: dict[str, Any]
    all_handlers: list[Any]

    @classmethod
    def now(cls) -> _Logging:
        return cls(
            {name: _LoggerState.of(logger) for name, logger in _loggers().items()},
            _LoggerState.of(logging.getLogger()),
            # fileConfig empties both, and what is not in them is not flushed at exit.
            dict(logging._handlers),  # type: ignore[attr-defined]  # noqa: SLF001
            list(logging._handlerList),  # type: ignore[attr-defined]  # noqa: SLF001
        )

    @contextmanager
    def for_a_while(self) -> Iterator[None]:
        """Restore this state for the body, and then the one that was there."""
        meanwhile = _Logging.now()
        self.restore()
        try:
            yield
        finally:
            meanwhile.restore()

    def restore(self) -> None:
        self.root.restore(logging.getLogger())
        for name, logger in _loggers().items():
            self.loggers.get(name, _UNTOUCHED).restore(logger)
        logging._handlers.update(self.named_handlers)  # type: ignore[attr-defined]  # noqa: SLF001
        logging._handlerList[:] = self.all_handlers  # type: ignore[attr-defined]  # noqa: SLF001


def _loggers() -> dict[str, logging.Logger]:
    known = dict(logging.Logger.manager.loggerDict)
    return {name: each for name, each in known.items() if isinstance(each, logging.Logger)}
