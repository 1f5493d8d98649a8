"""Report every event: one log line, and a JSON POST to a webhook when there is one."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sst.hooks import Event, EventKind, cacheable, hookimpl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.request import OpenerDirector

logger = logging.getLogger("sst.notify")

_FIRST_PAUSE_SECONDS = 0.2
_LEVELS = {
    EventKind.RUN_FAILED: logging.WARNING,
    EventKind.RUN_REFUSED: logging.WARNING,
    EventKind.RUN_UNHEALTHY: logging.WARNING,
    # The core has logged it: once is enough.
    EventKind.REVISION_APPLIED: logging.DEBUG,
}
_SHOWN = (
    *("message", "run_id", "command", "environment", "revision"),
    *("before", "after", "error_code", "duration_ms", "backup"),
)
_SHOWN_PER_REVISION = ("message", "run_id")
_WORTH_RETRYING = frozenset({408, 425, 429, *range(500, 600)})


class Config(BaseModel):
    """Where events go."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr | None = Field(
        None, description="Webhook that takes a JSON POST; none: only the log line."
    )
    timeout_seconds: float = Field(
        4.0, gt=0, description="For one event, retries included; the core waits a second longer."
    )
    retries: int = Field(2, ge=0, le=10, description="Attempts after the first one.")
    events: tuple[EventKind, ...] = Field(
        (), description="Only these events, such as run_failed; empty: all of them."
    )

    @field_validator("url")
    @classmethod
    def _must_be_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_http(url.get_secret_value()):
            raise ValueError("is not an http:// or https:// URL with a host")
        return url


class DeliveryError(Exception):
    """The webhook did not take an event; named by its host, for its path may be a token."""


class Plugin:
    """Log every event and post it to one webhook."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cacheable
    @hookimpl
    def notify(self, event: Event) -> None:
        """Log *event* and deliver it; raise `DeliveryError` when the webhook did not take it."""
        if self._config.events and event.kind not in self._config.events:
            return
        level = _LEVELS.get(event.kind, logging.INFO)
        # A terminal has it in the command's own result.
        logger.log(level, "%s", log_line(event.to_dict()), extra={"screen": False})
        if self._config.url is not None:
            deliver(event, self._config.url.get_secret_value(), self._config)


def log_line(values: Mapping[str, Any]) -> str:
    """Return the event's name and what a reader needs as `key=value`; the webhook gets it all."""
    backup = values.get("backup") or {}
    found = {**values, "backup": backup.get("id")}
    # The lines of the run's start and end have the rest.
    is_step = values["event"] == EventKind.REVISION_APPLIED
    keys = _SHOWN_PER_REVISION if is_step else _SHOWN
    shown = {key: found[key] for key in keys if found.get(key) not in (None, "", [])}
    pairs = (f"{key}={_quoted(value)}" for key, value in shown.items())
    return " ".join([str(values["event"]), *pairs])


def deliver(event: Event, url: str, config: Config) -> None:
    """Post *event* to *url*, again after a growing pause, until the time is used up.

    Raises `DeliveryError` when no try succeeded; it says nothing of *url* but scheme and host.
    """
    body = json.dumps(event.to_dict()).encode()
    end = time.monotonic() + config.timeout_seconds
    for attempt in range(config.retries + 1):
        # A try that hangs leaves time for the others.
        seconds = (end - time.monotonic()) / (config.retries + 1 - attempt)
        reason, is_final = _post(url, body, seconds)
        if reason is None:
            return
        pause = _FIRST_PAUSE_SECONDS * 2**attempt
        if is_final or attempt == config.retries or time.monotonic() + pause >= end:
            break
        time.sleep(pause)
    raise DeliveryError(f"webhook {_origin(url)}: {reason} ({attempt + 1} tries)")


def _post(url: str, body: bytes, seconds: float) -> tuple[str | None, bool]:
    """Return why the webhook did not take *body*, None when it did, and whether that is final."""
    # Most runs post nothing, and this import is a tenth of a short command.
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    request = Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
    try:
        with _opener().open(request, timeout=seconds):
            return None, True
    except HTTPError as error:
        error.close()
        return f"HTTP {error.code}", error.code not in _WORTH_RETRYING
    except (URLError, OSError) as error:
        return _network_reason(error), False
    except (HTTPException, ValueError) as error:
        # The text would quote the URL.
        return type(error).__name__, True


def _opener() -> OpenerDirector:
    """Take a redirect for a failure: the event was meant for the address in the settings."""
    from urllib.request import HTTPRedirectHandler, build_opener

    class NoRedirect(HTTPRedirectHandler):
        def redirect_request(self, *_args: Any, **_named: Any) -> None:
            """Follow nothing."""

    return build_opener(NoRedirect)


def _network_reason(error: OSError) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    return getattr(reason, "strerror", None) or type(reason).__name__


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}"


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _quoted(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    is_plain = text.isprintable() and not set(text) & {" ", "=", '"'}
    return text if is_plain else json.dumps(text, ensure_ascii=False)
