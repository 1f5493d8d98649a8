"""An event on every way that is set, all at once, within one deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from sst.hooks import EventKind, NoAnswerError, ThreadedWork

from .channels.webhook import NO_ANSWER, Webhook
from .message.forms import body_of
from .smtp_url import smtp_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.hooks import Event

    from .settings import Config

NOT_FOR_PEOPLE = frozenset({EventKind.REVISION_APPLIED, EventKind.NOTHING_TO_DO})
"""Events that people get only where the settings name them: the run's end says as much."""
_GRACE_SECONDS = 0.5
"""A channel that keeps its time says more of its failure than the clock does."""


class DeliveryError(Exception):
    """A receiver did not take the event; named by its host, for the rest may be a token."""


class Channel(Protocol):
    """One way out."""

    @property
    def name(self) -> str:
        """The receiver as it may be shown."""

    def send(self, seconds: float) -> str:
        """Deliver within *seconds*; return why that failed, nothing when it did not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery."""

    name: str
    failure: str
    """Nothing when the receiver took it."""


def deliver(event: Event, config: Config) -> None:
    """Deliver *event* to everyone whom *config* names.

    Raises `DeliveryError` that names each receiver that did not take it, and why.
    """
    failed = [each for each in outcomes(channels(event, config), config) if each.failure]
    if failed:
        raise DeliveryError("; ".join(f"{each.name}: {each.failure}" for each in failed))


def channels(event: Event, config: Config) -> list[Channel]:
    """Return the ways that *event* takes."""
    is_for_people = bool(config.events) or event.kind not in NOT_FOR_PEOPLE
    found: list[Channel] = []
    if config.url is not None and (is_for_people or config.format == "json"):
        body = body_of(event, config.format, config.state_page)
        found.append(Webhook(config.url.get_secret_value(), body, config.retries))
    if config.mail_to and is_for_people:
        found.append(_mail(event, config))
    return found


def _mail(event: Event, config: Config) -> Channel:
    # Late: most runs send none, and the standard library's mail takes a while to import.
    from .channels.mail_server import MailServer
    from .message.mail import mail_of
    from .message.message import message_of

    assert config.mail_from is not None and config.smtp_url is not None  # noqa: S101, PT018 - Config
    message = message_of(event, config.state_page)
    mail = mail_of(message, event.at, config.mail_from, config.mail_to)
    return MailServer(smtp_server(config.smtp_url.get_secret_value()), mail)


def outcomes(wanted: Sequence[Channel], config: Config) -> list[Outcome]:
    """Send on all ways at once, so that one that hangs takes no time of the others."""
    seconds = config.timeout_seconds
    end = time.monotonic() + seconds + _GRACE_SECONDS
    works = [
        ThreadedWork(partial(each.send, seconds), name="sst-notify").start() for each in wanted
    ]
    return [
        Outcome(each.name, _failure(work, end)) for each, work in zip(wanted, works, strict=True)
    ]


def _failure(work: ThreadedWork[str], end: float) -> str:
    error = work.failure(max(0.0, end - time.monotonic()))
    if isinstance(error, NoAnswerError):
        return NO_ANSWER
    # The text may quote what was sent, and where to.
    return type(error).__name__ if error else work.result(0)
