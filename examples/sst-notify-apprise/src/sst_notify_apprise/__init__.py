"""Tell about events by mail, chat or any other service that Apprise knows."""

from __future__ import annotations

import string
import time
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from sst.hooks import (
    Check,
    CheckResult,
    CheckStatus,
    Event,
    EventKind,
    Inspection,
    Stage,
    hookimpl,
)

_WORDS = (
    *("event", "message", "environment", "database", "command", "run_id"),
    *("revision", "before", "after", "error_code", "duration_ms", "at"),
)


class Config(BaseModel):
    """Whom to tell, about what, and in which words."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    urls: tuple[SecretStr, ...] = Field(
        (), description="Services as Apprise spells them, such as mailto://...; none: nobody."
    )
    events: tuple[EventKind, ...] = Field(
        (
            EventKind.RUN_SUCCEEDED,
            EventKind.RUN_FAILED,
            EventKind.RUN_UNHEALTHY,
            EventKind.RUN_RESTORED,
        ),
        description="Only these events; empty: all of them.",
    )
    title: str = Field("{environment}: {event}", description="May hold {words} of the event.")
    body: str = Field(
        "{message}\nrun {run_id} on {database}", description="May hold {words} of the event."
    )
    timeout_seconds: float = Field(
        4.0, gt=0, lt=5, description="For all services together; an observer has 5 s."
    )

    @field_validator("title", "body")
    @classmethod
    def _must_hold_known_words(cls, text: str) -> str:
        try:
            wanted = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        except ValueError as error:
            raise ValueError("has a brace alone: write {{ for one that stays") from error
        if unknown := sorted(wanted - {*_WORDS}):
            raise ValueError(f"holds {{{unknown[0]}}}; an event has {', '.join(_WORDS)}")
        return text

    @field_validator("urls")
    @classmethod
    def _must_be_urls(cls, urls: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        wrong = [n for n, url in enumerate(urls, 1) if "://" not in url.get_secret_value()]
        if wrong:
            raise ValueError(f"number {wrong[0]} is no URL")
        return urls


class Plugin:
    """Tell every service about the events of the settings; import Apprise when there is one."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def notify(self, event: Event) -> None:
        """Tell about *event*; raise `DeliveryError` when a service did not take it.

        The caller logs that under the plugin's name, and it changes nothing.
        """
        config = self._config
        if not config.urls or (config.events and event.kind not in config.events):
            return
        end = time.monotonic() + config.timeout_seconds
        # Loading Apprise with all its services takes a part of that time, once.
        from sst_notify_apprise.delivery import Message, deliver

        words = _words(event)
        message = Message(config.title.format(**words), config.body.format(**words), event.kind)
        deliver(message, _revealed(config), end)

    @hookimpl
    def register_checks(self) -> list[Check]:
        """Return the check that Apprise understands every URL; it sends nothing."""

        def understood(_: Inspection) -> CheckResult:
            from sst_notify_apprise.delivery import unknown_services

            if unknown := unknown_services(_revealed(self._config)):
                detail = f"Apprise does not understand urls number {', '.join(unknown)}"
                return CheckResult(CheckStatus.FAIL, detail, "unknown_service")
            return CheckResult(CheckStatus.PASS, f"{len(self._config.urls)} services")

        return [Check("services", understood, frozenset({Stage.CHECK}))]


def _revealed(config: Config) -> list[str]:
    return [url.get_secret_value() for url in config.urls]


def _words(event: Event) -> dict[str, Any]:
    """Return the event's values as texts; what it does not have is a dash."""
    values = event.to_dict()
    return {name: _text(values[name]) for name in _WORDS}


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
