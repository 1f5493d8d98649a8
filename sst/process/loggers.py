"""How the log is set up, taken whole or as far as a plugin may not touch it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS = "sst"


class LoggerState(NamedTuple):
    """One logger at one moment; a tuple, for many are taken twice for every call of a hook."""

    level: int
    disabled: bool
    propagate: bool
    handlers: tuple[logging.Handler, ...]
    filters: tuple[Any, ...]

    @classmethod
    def of(cls, logger: logging.Logger) -> LoggerState:
        """Return *logger* as it is."""
        return cls(
            logger.level,
            logger.disabled,
            logger.propagate,
            tuple(logger.handlers),
            tuple(logger.filters),
        )

    def describes(self, logger: logging.Logger) -> bool:
        """Say whether *logger* is so."""
        return (
            logger.level == self.level
            and logger.disabled == self.disabled
            and logger.propagate == self.propagate
            and tuple(logger.handlers) == self.handlers
            and tuple(logger.filters) == self.filters
        )

    def restore(self, logger: logging.Logger) -> None:
        """Make *logger* so again."""
        if logger.level != self.level:
            logger.setLevel(self.level)
        logger.disabled = self.disabled
        logger.propagate = self.propagate
        logger.handlers[:] = self.handlers
        logger.filters[:] = self.filters


_UNTOUCHED = LoggerState(logging.NOTSET, False, True, (), ())  # noqa: FBT003 - as a new logger is


@dataclass(frozen=True, slots=True)
class Logging:
    """Every logger of the process, for code that may set up all of them, such as an env.py."""

    loggers: dict[str, LoggerState]
    root: LoggerState
    named_handlers: dict[str, Any]
    all_handlers: list[Any]

    @classmethod
    def now(cls) -> Logging:
        """Return the loggers as they are."""
        return cls(
            {name: LoggerState.of(logger) for name, logger in _loggers().items()},
            LoggerState.of(logging.root),
            # fileConfig empties both, and what is not in them is not flushed at exit.
            dict(logging._handlers),  # type: ignore[attr-defined]  # noqa: SLF001
            list(logging._handlerList),  # type: ignore[attr-defined]  # noqa: SLF001
        )

    def holds(self) -> bool:
        """Say whether all loggers are so; one that is new is as it was when it was made."""
        return (
            self.root.describes(logging.root)
            and all(
                self.loggers.get(name, _UNTOUCHED).describes(logger)
                for name, logger in _loggers().items()
            )
            and self.named_handlers == dict(logging._handlers)  # type: ignore[attr-defined]  # noqa: SLF001
            and self.all_handlers == logging._handlerList  # type: ignore[attr-defined]  # noqa: SLF001
        )

    def restore(self) -> None:
        """Make all loggers so again; one that is new becomes as it was when it was made."""
        self.root.restore(logging.root)
        for name, logger in _loggers().items():
            self.loggers.get(name, _UNTOUCHED).restore(logger)
        logging._handlers.update(self.named_handlers)  # type: ignore[attr-defined]  # noqa: SLF001
        logging._handlerList[:] = self.all_handlers  # type: ignore[attr-defined]  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class OwnLogging:
    """What of the log no plugin may change: the root's logger and ours, which carry the masking.

    Of all others it is whether they speak: `logging.config` silences every logger that it finds.
    """

    loggers: dict[str, LoggerState]
    """The root's is called ``""``."""
    disabled: dict[str, bool]
    """Of the loggers of others."""
    disabled_below: int
    """The level up to which `logging.disable` silences everybody."""

    @classmethod
    def now(cls) -> OwnLogging:
        """Return it as it is."""
        ours, others = {"": LoggerState.of(logging.root)}, {}
        for name, logger in list(logging.root.manager.loggerDict.items()):
            if isinstance(logger, logging.Logger):
                if name.partition(".")[0] == _OURS:
                    ours[name] = LoggerState.of(logger)
                else:
                    others[name] = logger.disabled
        return cls(ours, others, logging.root.manager.disable)

    def differs(self, now: OwnLogging) -> bool:
        """Say whether *now* is another set-up; a logger that is new is no change."""
        return (
            self.disabled_below != now.disabled_below
            or _has_lost(self.loggers, now.loggers)
            or _has_lost(self.disabled, now.disabled)
        )

    def restore(self) -> None:
        """Make the log so again."""
        logging.disable(self.disabled_below)
        for name, state in self.loggers.items():
            state.restore(logging.getLogger(name))
        for name, is_disabled in self.disabled.items():
            logging.getLogger(name).disabled = is_disabled


def _has_lost(was: Mapping[str, object], now: Mapping[str, object]) -> bool:
    return was != now and any(now.get(name) != state for name, state in was.items())


def _loggers() -> dict[str, logging.Logger]:
    known = dict(logging.root.manager.loggerDict)
    return {name: each for name, each in known.items() if isinstance(each, logging.Logger)}
