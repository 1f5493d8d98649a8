"""Log lines on stderr, as text or JSON, in which no secret stands."""

from __future__ import annotations

import copy
import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TextIO

from sst.command_line import as_typed, named_target
from sst.kept.doubts import varies
from sst.layout.labelled import below_name
from sst.redaction.plugin_output import speaker
from sst.redaction.redact import mask_credentials, redact, visible
from sst.text import terminal_columns
from sst.tracing.spans import ids

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT_LOGGER = "sst"
_SCREEN = "screen"
_STAMPED = '{"timestamp": "'
ON_SCREEN = {_SCREEN: True}
"""The `extra` of a record that a terminal shows whatever its level."""
IN_RESULT = {_SCREEN: False}
"""The `extra` of a record that a terminal does not show: live lines or the result have it."""
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    *("message", "asctime", "taskName"),
    _SCREEN,
}
_LOCAL_PLUGIN = re.compile(r"^sst_plugins_[0-9a-f]+\.")
_SQL = "sqlalchemy"
_SQL_LOGGERS = (_SQL, f"{_SQL}.engine", f"{_SQL}.engine.Engine", f"{_SQL}.pool")


class LogSettings(Protocol):
    """The settings that the log depends on."""

    @property
    def log_level(self) -> str:
        """Return the least level of our own loggers that is written."""

    @property
    def log_format(self) -> str:
        """Return `text` or `json`."""

    @property
    def debug(self) -> bool:
        """Return whether libraries speak from the same level on."""

    @property
    def protected(self) -> bool:
        """Return whether the environment is protected: its SQL is never logged."""


def configure_logging(
    settings: LogSettings,
    secrets: Iterable[str],
    stream: TextIO | None = None,
    *,
    is_screen: bool = False,
) -> None:
    """Send the log to *stream* (stderr) as *settings* say, with all *secrets* masked.

    On a screen (*is_screen*) only warnings and what is graver are shown, each as one short text.
    `sst` loggers speak from LOG_LEVEL on; those of libraries from WARNING on, unless DEBUG is set.
    Existing loggers stay enabled. Where protected no SQL is logged.
    """
    handler = _RedactingHandler(stream or sys.stderr)
    if is_screen:
        handler.setFormatter(_ScreenFormatter(frozenset(secrets), handler.stream))
        handler.addFilter(_is_for_screen)
    else:
        handler.setFormatter(_formatter(settings, frozenset(secrets)))
    root = logging.getLogger()
    for old in [one for one in root.handlers if _is_superseded(one)]:
        root.removeHandler(old)
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[settings.log_level]
    logging.getLogger(ROOT_LOGGER).setLevel(level)
    root.setLevel(level if settings.debug else max(level, logging.WARNING))
    _arrange_sql(is_quiet=settings.protected)


def _is_superseded(handler: logging.Handler) -> bool:
    """Say whether *handler* is an earlier one of ours, or one that prints everything unmasked.

    A plugin, or a library that it imports, need only call `logging.basicConfig` for the latter.
    """
    consoles = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    is_console = type(handler) is logging.StreamHandler and handler.stream in consoles
    return is_console or isinstance(handler, _RedactingHandler)


def _formatter(settings: LogSettings, secrets: frozenset[str]) -> logging.Formatter:
    kind = _JsonFormatter if settings.log_format == "json" else _TextFormatter
    return kind(secrets)


class _TextFormatter(logging.Formatter):
    """Write `2026-01-31T12:00:00Z INFO    sst.migrator message`.

    Behind the logger is the target, where the call works on one: `sst.migrator [acme]`.
    """

    def __init__(self, secrets: frozenset[str]) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s%(target)s  %(message)s")
        self._secrets = secrets

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the line of *record*, with the target of this call."""
        target = named_target()
        record.target = f" [{target}]" if target else ""
        return super().formatMessage(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 - the library's signature
        """Return the record's time as RFC 3339 in UTC."""
        return _timestamp(record, "seconds")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, its traceback included, with the secrets masked."""
        line = visible(_clean(super().format(_attributed(record)), self._secrets))
        if found := ids():
            first, newline, rest = line.partition("\n")
            line = f"{first} trace_id={found.trace} span_id={found.span}{newline}{rest}"
        varies(_timestamp(record, "seconds"), "now", "seconds", after=f" {record.levelname}")
        return line


class _ScreenFormatter(logging.Formatter):
    """Write `warning: message`; a traceback is for the log lines of --verbose."""

    def __init__(self, secrets: frozenset[str], stream: TextIO) -> None:
        super().__init__()
        self._secrets = secrets
        self._stream = stream

    def format(self, record: logging.LogRecord) -> str:
        """Return the text, with the secrets masked, in lines as wide as the screen."""
        grave = record.levelno >= logging.WARNING
        who = speaker()
        level = f"{record.levelname.lower()}: " if grave else ""
        by = f"plugin {who}: " if who and grave else ""
        text = visible(_clean(f"{level}{by}{record.getMessage()}", self._secrets))
        return "\n".join(below_name(text, terminal_columns(self._stream) or len(text)))


def _is_for_screen(record: logging.LogRecord) -> bool:
    shown: bool | None = getattr(record, _SCREEN, None)
    return record.levelno >= logging.WARNING if shown is None else shown


class _JsonFormatter(logging.Formatter):
    """Write one JSON object per line: timestamp, level, logger, message and what was added."""

    def __init__(self, secrets: frozenset[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; every text in it is masked before it is quoted."""
        extras = {k: v for k, v in vars(record).items() if k not in _STANDARD}
        by = {"plugin": plugin} if (plugin := speaker()) else {}
        by |= {"target": target} if (target := named_target()) else {}
        shown = self._masked_keys({"message": record.getMessage(), **by, **extras})
        line: dict[str, object] = {
            "timestamp": varies(
                _timestamp(record, "milliseconds"), "now", "milliseconds", before=_STAMPED
            ),
            "level": record.levelname,
            "logger": record.name,
            **shown,
        }
        if found := ids():
            line |= {"trace_id": found.trace, "span_id": found.span}
        if record.exc_info:
            line["exception"] = self._masked(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = self._masked(self.formatStack(record.stack_info))
        return json.dumps(line, ensure_ascii=False)

    def _masked_keys(self, values: dict[str, object]) -> dict[str, object]:
        return {
            _clean(str(key), self._secrets): self._masked(part) for key, part in values.items()
        }

    def _masked(self, value: object) -> object:
        """Return *value* as JSON can hold it, its texts masked."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, dict):
            return self._masked_keys(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._masked(part) for part in value]
        return _clean(str(value), self._secrets)


def _attributed(record: logging.LogRecord) -> logging.LogRecord:
    """Return *record* under a name that says which plugin wrote it.

    A local plugin's module has a digest in its name, and instances of one plugin share a logger.
    """
    name, plugin = _LOCAL_PLUGIN.sub("plugins.", record.name), speaker()
    if plugin and name.rpartition(".")[2] != plugin and not hasattr(record, "plugin"):
        name = f"{name} ({plugin})"
    if name == record.name:
        return record
    named = copy.copy(record)
    named.name = name
    return named


class _RedactingHandler(logging.StreamHandler[TextIO]):
    """Write to one stream; a record that cannot be written is not quoted either."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Say that a record was lost: the standard report would print its arguments, unmasked."""
        try:
            self.stream.write(f"a log record of {record.name} could not be written\n")
        except (OSError, ValueError):
            return


class _ProductionLogger(logging.Logger):
    """A logger that says nothing of SQLAlchemy's below WARNING, whatever level it is given."""

    @property
    def _is_sql(self) -> bool:
        return self.name.partition(".")[0] == _SQL

    def setLevel(self, level: int | str) -> None:  # noqa: N802 - the library's name
        """Set *level*; for SQLAlchemy WARNING at least."""
        super().setLevel(level)
        if self._is_sql and self.level != logging.NOTSET:
            super().setLevel(max(self.level, logging.WARNING))

    def getEffectiveLevel(self) -> int:  # noqa: N802 - the library's name
        """Return the level, also an inherited one; for SQLAlchemy WARNING at least."""
        level = super().getEffectiveLevel()
        return max(level, logging.WARNING) if self._is_sql else level

    def handle(self, record: logging.LogRecord) -> None:
        """Drop SQLAlchemy's records below WARNING: its `echo` asks no level."""
        if not self._is_sql or record.levelno >= logging.WARNING:
            super().handle(record)


def _arrange_sql(*, is_quiet: bool) -> None:
    """Keep SQLAlchemy off stdout; where protected keep its SQL out of every log."""
    kind = _ProductionLogger if is_quiet else logging.Logger
    # An engine with a name of its own makes a logger of its own, later.
    logging.setLoggerClass(kind)
    for name in _sql_loggers():
        logger = logging.getLogger(name)
        logger.__class__ = kind
        logger.setLevel(logger.level)
        if not logger.handlers:
            # Without a handler `echo` adds one that writes to stdout, among the results.
            logger.addHandler(logging.NullHandler())


def _sql_loggers() -> set[str]:
    existing = [
        name
        for name, one in logging.root.manager.loggerDict.items()
        if isinstance(one, logging.Logger) and name.partition(".")[0] == _SQL
    ]
    return {*_SQL_LOGGERS, *existing}


def _clean(text: str, secrets: frozenset[str]) -> str:
    return mask_credentials(redact(as_typed(text), secrets))


def _timestamp(record: logging.LogRecord, precision: str) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
