"""Spans on their way out: a receiver that is down, hangs or refuses changes nothing of a command.

OpenTelemetry's own words about it are not heard, for they can hold headers: one line of ours is.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
    SpanExportResult,
)

from sst.tracing.switch import CONSOLE
from sst.within import NoAnswerError, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

_USUAL_SECONDS = 3.0
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
_WAIT_MS = "OTEL_BSP_EXPORT_TIMEOUT"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Sending:
    """Sends what *provider* makes to each of *exporters*, in the background."""

    def __init__(self, provider: TracerProvider, exporters: Sequence[str]) -> None:
        self._provider = provider
        self._counted = [_Counted(_exporter(name)) for name in exporters]
        for each in self._counted:
            provider.add_span_processor(BatchSpanProcessor(each))

    def finish(self) -> str:
        """Send what is left, and wait for it a bounded time; return what went wrong, or nothing.

        A signal meanwhile ends the wait and nothing else: the command is over.
        """
        seconds = wait_seconds()
        try:
            with _signals_end_it():
                within(seconds, self._provider.shutdown, name="sst-tracing")
        except NoAnswerError:
            return f"the receiver did not take all within {seconds:g} s"
        except _EndedError:
            return "a signal came before all were sent"
        failed = sum(each.failed for each in self._counted)
        return f"{failed} spans were not taken" if failed else ""


@contextmanager
def quiet() -> Iterator[None]:
    """Let nothing of OpenTelemetry be heard in the body."""
    logger = logging.getLogger("opentelemetry")
    was, nothing = logger.propagate, logging.NullHandler()
    logger.propagate = False
    logger.addHandler(nothing)
    try:
        yield
    finally:
        logger.propagate = was
        logger.removeHandler(nothing)


def wait_seconds() -> float:
    """Return how long the end of a command waits for the receiver."""
    try:
        asked = float(os.environ.get(_WAIT_MS, "")) / 1000
    except ValueError:
        return _USUAL_SECONDS
    return asked if 0 < asked < threading.TIMEOUT_MAX else _USUAL_SECONDS


class _Counted(SpanExporter):
    """Hands on to *exporter* and counts what it does not take."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export *spans*; never raises."""
        try:
            result = self._exporter.export(spans)
        except Exception:  # noqa: BLE001 - whatever it is, nobody here can help it
            result = SpanExportResult.FAILURE
        if result is not SpanExportResult.SUCCESS:
            self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        """End the exporter."""
        self._exporter.shutdown()


def _exporter(name: str) -> SpanExporter:
    if name == CONSOLE:
        # Results are on stdout, and only they.
        return ConsoleSpanExporter(out=sys.stderr)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    is_said = any(os.environ.get(name) for name in _TIMEOUTS)
    return OTLPSpanExporter() if is_said else OTLPSpanExporter(timeout=int(_USUAL_SECONDS))


class _EndedError(Exception):
    """A signal has come."""


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let a signal raise `_EndedError` in the body; one that is ignored stays so."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise _EndedError

    was: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    was[number] = signal.signal(number, end)
        yield
    finally:
        for each, handler in was.items():
            signal.signal(each, handler)
