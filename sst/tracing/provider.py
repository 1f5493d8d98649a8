"""The one door to OpenTelemetry: a provider of our own, beside whatever the project has set up.

Every text that leaves is masked here. Source of the names: OpenTelemetry semantic conventions,
"CLI programs" and "Database client calls".
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import context, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from sst import __version__
from sst.errors import SstError
from sst.text import first_line
from sst.tracing.spans import Ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.context import Context
    from opentelemetry.util.types import AttributeValue

    from sst.tracing.spans import Attributes, Span, Statement

_KEY = context.create_key("sst-span")
_LONGEST = 2000
_LIMITS = ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT")
_PROPAGATOR = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
_NONE: Attributes = {}


def new_provider(defaults: Mapping[str, str]) -> TracerProvider:
    """Return a provider whose resource has *defaults*, over which the environment's own win.

    Those are OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
    It is no global one: a project's own stays what it is.
    """
    said = OTELResourceDetector().detect().attributes
    resource = Resource.create({**defaults, **said})
    longest = None if any(os.environ.get(name) for name in _LIMITS) else _LONGEST
    limits = SpanLimits(max_attribute_length=longest)
    return TracerProvider(resource=resource, span_limits=limits, shutdown_on_exit=False)


class OwnTracer:
    """The `Tracer` of this process: one root, and everything below it.

    The root begins at *began_ns*, within what *parent*, checked variables, names. *clean* masks
    the secrets in a text.
    """

    def __init__(
        self,
        provider: TracerProvider,
        parent: Mapping[str, str],
        clean: Callable[[str], str],
        began_ns: int,
    ) -> None:
        self._tracer = provider.get_tracer("sst", __version__)
        self._clean = clean
        carrier = {name.lower(): value for name, value in parent.items()}
        given = _PROPAGATOR.extract(carrier, context.Context())
        started = self._tracer.start_span("sst", given, start_time=began_ns)
        self.root = _OwnSpan(started, clean)
        self._below_root = self._below(self.root, given)
        self._outside = context.get_current()
        context.attach(self._below_root)

    def end(self) -> None:
        """End the root; what was current before is current again."""
        context.attach(self._outside)
        self.root.end()

    @contextmanager
    def span(self, name: str, attributes: Attributes) -> Iterator[Span]:
        """Enter a span below what is current."""
        outside, parent = context.get_current(), self._parent()
        made = _OwnSpan(self._start(name, attributes, parent), self._clean)
        context.attach(self._below(made, parent))
        try:
            yield made
        except BaseException as error:
            made.fail(error)
            raise
        finally:
            # No token is given back: in another context, such as a plugin's, none would be taken.
            context.attach(outside)
            made.end()

    def current(self) -> Span:
        """Return the span that is current; the root in a thread that knows of none."""
        found = context.get_value(_KEY)
        return found if isinstance(found, _OwnSpan) else self.root

    def statement(self, statement: Statement) -> None:
        """Make the span of a statement that ends now."""
        started = self._start(
            statement.name,
            statement.attributes,
            self._parent(),
            kind=SpanKind.CLIENT,
            start_time=statement.began_ns,
        )
        made = _OwnSpan(started, self._clean)
        if statement.error:
            made.fail(statement.error)
        made.end()

    def ids(self) -> Ids:
        """Return the ids of what is current, also of a span that the project has made itself."""
        found = trace.get_current_span(self._parent()).get_span_context()
        return Ids(trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id))

    def environment(self) -> dict[str, str]:
        """Return TRACEPARENT of what is current, and TRACESTATE and BAGGAGE where there are."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, self._parent())
        return {name.upper(): value for name, value in carrier.items()}

    def _parent(self) -> Context:
        here = context.get_current()
        return (
            here if trace.get_current_span(here).get_span_context().is_valid else self._below_root
        )

    def _start(self, name: str, attributes: Attributes, parent: Context, **how: Any) -> trace.Span:
        given = shown(attributes, self._clean)
        return self._tracer.start_span(_text(name, self._clean), parent, attributes=given, **how)

    @staticmethod
    def _below(span: _OwnSpan, parent: Context) -> Context:
        return context.set_value(_KEY, span, trace.set_span_in_context(span.made, parent))


class _OwnSpan:
    """A `Span`, with its texts masked."""

    def __init__(self, made: trace.Span, clean: Callable[[str], str]) -> None:
        self.made = made
        self._clean = clean
        self._has_failed = self._has_ended = False

    def set(self, attributes: Attributes) -> None:
        """Add *attributes*."""
        if not self._has_ended:
            self.made.set_attributes(shown(attributes, self._clean))

    def event(self, name: str, attributes: Attributes = _NONE) -> None:
        """Note that something happens now."""
        if not self._has_ended:
            self.made.add_event(name, shown(attributes, self._clean))

    def fail(self, error: BaseException) -> None:
        """Say that the work ended with *error*; the first one counts."""
        if self._has_failed or self._has_ended:
            return
        self._has_failed = True
        self.set(error_attributes(error))
        told = _text(_description(error), self._clean)
        self.made.set_status(Status(StatusCode.ERROR, told[:_LONGEST]))

    def rename(self, name: str) -> None:
        """Give it another *name*."""
        self.made.update_name(_text(name, self._clean))

    def end(self) -> None:
        """End it now; who comes later is not heard."""
        self._has_ended = True
        self.made.end()


def error_attributes(error: BaseException) -> Attributes:
    """Return `error.type`: our own code, the server's SQLSTATE, or the name of the class."""
    state = _sqlstate(error)
    if state:
        return {"error.type": state, "db.response.status_code": state}
    return {"error.type": error.code if isinstance(error, SstError) else _kind(error)}


def shown(attributes: Attributes, clean: Callable[[str], str]) -> dict[str, AttributeValue]:
    """Return *attributes* as they may leave, without those that are None."""
    return {name: _value(value, clean) for name, value in attributes.items() if value is not None}


def _value(value: object, clean: Callable[[str], str]) -> AttributeValue:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple):
        return [_text(str(each), clean) for each in value]
    return _text(str(value), clean)


def _text(text: str, clean: Callable[[str], str]) -> str:
    """Return *text* masked; half a character of a file's name cannot be sent."""
    return clean(text).encode("utf-8", "replace").decode()


def _description(error: BaseException) -> str:
    """Return *error* in one line; the server's own message may quote a row, so it is left out."""
    if isinstance(error, SstError):
        return error.what
    state, kind = _sqlstate(error), _kind(error)
    return f"{kind} {state}" if state else f"{kind}: {first_line(error)}"


def _kind(error: BaseException) -> str:
    return type(getattr(error, "orig", None) or error).__name__.lstrip("_")


def _sqlstate(error: BaseException) -> str | None:
    original = getattr(error, "orig", None) or error
    found = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return str(found) if found else None
