"""Whether traces are wanted: OpenTelemetry's own variables say it, and nothing is imported for it.

Source: OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_EXPORTERS = "OTEL_TRACES_EXPORTER"
_SERVED_PROTOCOL = "http/protobuf"

OTLP, CONSOLE = "otlp", "console"


class Wish(NamedTuple):
    """The exporters that are asked for, and what is asked for and not served."""

    exporters: tuple[str, ...] = ()
    refused: str = ""
    """One sentence; empty when all is served."""


def wish_of(environ: Mapping[str, str]) -> Wish:
    """Return what the variables in *environ* ask for; no exporter where traces are off."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Wish()
    named = [each.strip().lower() for each in environ.get(_EXPORTERS, "").split(",")]
    named = [each for each in named if each]
    if not named and any(environ.get(name, "").strip() for name in _ENDPOINTS):
        named = [OTLP]
    if not named or "none" in named:
        return Wish()
    unknown = [each for each in named if each not in (OTLP, CONSOLE)]
    if unknown:
        return Wish(refused=f"{_EXPORTERS} names an exporter that is not served: only otlp is")
    return _over(environ, tuple(dict.fromkeys(named)))


def _over(environ: Mapping[str, str], exporters: tuple[str, ...]) -> Wish:
    """Return the wish for *exporters*; gRPC is another package, which the extra does not bring."""
    said = next((name for name in _PROTOCOLS if environ.get(name, "").strip()), None)
    if OTLP not in exporters or not said:
        return Wish(exporters)
    if environ[said].strip().lower() == _SERVED_PROTOCOL:
        return Wish(exporters)
    return Wish(refused=f"{said} must be {_SERVED_PROTOCOL}, usually on port 4318")
