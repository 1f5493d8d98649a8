"""Whether traces are wanted: OpenTelemetry's own variables, and nothing imported for them."""

from __future__ import annotations

import pytest

from sst.tracing.switch import Wish, wish_of

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "shop"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318"},
        {**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"},
        {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_TRACES_EXPORTER": "none,otlp"},
    ],
)
def test_without_an_exporter_traces_are_off(environ: dict[str, str]) -> None:
    assert wish_of(environ) == Wish()


@pytest.mark.parametrize(
    ("environ", "exporters"),
    [
        (ENDPOINT, ("otlp",)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector/v1/traces"}, ("otlp",)),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, ("otlp",)),
        ({"OTEL_TRACES_EXPORTER": " Console , otlp,otlp"}, ("console", "otlp")),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, ("otlp",)),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ("console",)),
    ],
)
def test_configured_exporters_are_served(
    environ: dict[str, str], exporters: tuple[str, ...]
) -> None:
    assert wish_of(environ) == Wish(exporters)


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"}, "http/protobuf"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
    ],
)
def test_exporter_that_is_not_served_is_said_without_its_value(
    environ: dict[str, str], word: str
) -> None:
    wish = wish_of(environ)

    assert wish.exporters == ()
    assert word in wish.refused
    assert "zipkin" not in wish.refused
