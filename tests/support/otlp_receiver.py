"""A receiver of traces on loopback, over OTLP/HTTP: a real one, which keeps what it is sent."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

ERROR = 2
CLIENT = 3
_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


@dataclass(frozen=True)
class Received:
    """A span as it was received."""

    trace: str
    id: str
    parent: str
    """Empty for the first one of a trace."""
    name: str
    kind: int
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...]
    has_failed: bool
    message: str
    """What its status says."""
    seconds: float
    resource: Mapping[str, Any]


@dataclass
class Receiver:
    """What was received so far, and how requests are answered."""

    port: int = 0
    spans: list[Received] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    hangs: bool = False
    """Whether a request is read and never answered."""
    asked: Event = field(default_factory=Event)
    """Set by the first request."""
    released: Event = field(default_factory=Event)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a command sends its traces here."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}"}

    def named(self, name: str) -> Received:
        """Return the one span called *name*."""
        [found] = [span for span in self.spans if span.name == name]
        return found

    def all_named(self, name: str) -> list[Received]:
        """Return the spans called *name*, in the order in which they were received."""
        return [span for span in self.spans if span.name == name]

    def below(self, parent: Received) -> list[Received]:
        """Return the spans right below *parent*."""
        return [span for span in self.spans if span.parent == parent.id]

    def told(self) -> str:
        """Return all that was received as one text."""
        return repr(self.spans)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive traces while the body runs."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.asked.set()
            if receiver.hangs:
                receiver.released.wait()
                return
            if receiver.status == 200:
                unpack = _PACKED.get(self.headers["content-encoding"] or "", bytes)
                receiver.spans += _spans_in(ExportTraceServiceRequest.FromString(unpack(body)))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(receiver.status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _spans_in(request: ExportTraceServiceRequest) -> list[Received]:
    return [
        _received(span, _values(part.resource.attributes))
        for part in request.resource_spans
        for scope in part.scope_spans
        for span in scope.spans
    ]


def _received(span: Span, resource: dict[str, Any]) -> Received:
    return Received(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind=span.kind,
        attributes=_values(span.attributes),
        events=tuple((event.name, _values(event.attributes)) for event in span.events),
        has_failed=span.status.code == ERROR,
        message=span.status.message,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        resource=resource,
    )


def _values(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:  # noqa: ANN401 - as it was sent
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None
