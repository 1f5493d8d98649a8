"""All settings of the plugin."""

from __future__ import annotations

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from sst.hooks import EventKind

from .smtp_url import smtp_server

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]{1,64}"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}})*")
"""No quoted names, no comments, no other signs than ASCII: nothing that could be two addresses."""
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
    mail_to: tuple[str, ...] = Field(
        (), description="Addresses that get a mail of each event; none: no mail."
    )
    mail_from: str | None = Field(None, description="The address that these mails are from.")
    smtp_url: SecretStr | None = Field(
        None,
        description="The mail server: smtp://user:password@host:587 or smtps://...; "
        "?starttls=required or off behind it, else TLS where the server offers it, and always "
        "before a password.",
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

    rollouts: Literal["summary", "failures", "all"] = Field(
        "summary",
        description="Of a call on many databases: one message at its end; that and each database "
        "that fails, at once; or every event of each database, too.",
    )

    @property
    def has_receivers(self) -> bool:
        """Whether an event goes anywhere but to the log."""
        return self.url is not None or bool(self.mail_to)

    @field_validator("url")
    @classmethod
    def _must_be_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not _is_http(url.get_secret_value()):
            raise ValueError("is not an http:// or https:// URL with a host")
        return url

    @field_validator("mail_to")
    @classmethod
    def _must_be_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for number, address in enumerate(addresses, 1):
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"number {number} is not an address such as ops@example.org")
        return addresses

    @field_validator("mail_from")
    @classmethod
    def _must_be_an_address(cls, address: str | None) -> str | None:
        if address and not _ADDRESS.fullmatch(address):
            raise ValueError("is not an address such as sst@example.org")
        return address or None

    @field_validator("smtp_url")
    @classmethod
    def _must_be_a_mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        smtp_server(url.get_secret_value())
        return url

    @model_validator(mode="after")
    def _has_all_of_a_mail(self) -> Self:
        if self.mail_to and not (self.mail_from and self.smtp_url):
            missing = "smtp_url" if self.mail_from else "mail_from"
            raise ValueError(f"mail_to needs {missing} as well")
        return self

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
