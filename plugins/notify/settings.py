"""All settings of the plugin."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sst.hooks import EventKind

_UNSAFE_IN_A_LINK = re.compile(r"[\s<>|\"\\^`{}]|[^\x21-\x7e]")


class Config(BaseModel):
    """Who hears of events, and in which form."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr | None = Field(
        None, description="Webhook that takes a JSON POST; none: only the log line."
    )
    format: Literal["json", "slack", "teams"] = Field(
        "json", description="The body of that POST: the event itself, or a message for people."
    )
    state_page: str | None = Field(
        None,
        description="Address of the application's state page, such as "
        "https://app.example.org/state; every message links to it.",
    )
    timeout_seconds: float = Field(
        4.0, gt=0, description="For one event, retries included; the core waits a second longer."
    )
    retries: int = Field(2, ge=0, le=10, description="Attempts after the first one.")
    events: tuple[EventKind, ...] = Field(
        (),
        description="Only these events, such as run_failed; empty: all of them, and in messages "
        "for people all but revision_applied and nothing_to_do.",
    )

    @property
    def has_receivers(self) -> bool:
        """Whether an event goes anywhere but to the log."""
        return self.url is not None

    @field_validator("url")
    @classmethod
    def _must_be_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_http(url.get_secret_value()):
            raise ValueError("is not an http:// or https:// URL with a host")
        return url

    @field_validator("state_page")
    @classmethod
    def _must_be_a_page(cls, page: str | None) -> str | None:
        """Refuse what may not be shown, such as a token in a query, or cannot be a link."""
        if not page:
            return None
        if not _is_http(page) or _UNSAFE_IN_A_LINK.search(page):
            raise ValueError("is not an http:// or https:// URL with a host")
        parts = urlsplit(page)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("is shown to everyone: no user, password, query or fragment")
        return page


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
