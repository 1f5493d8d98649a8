"""Hand one message to every service at once; what fails is told by number and name, never by URL.

Apprise's own log quotes the URLs that it is given, and with them passwords and tokens: it is
silenced here, and what it would have said of a failure is not worth that.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

import apprise

from sst.hooks import EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPES = {
    EventKind.RUN_SUCCEEDED: apprise.NotifyType.SUCCESS,
    EventKind.RUN_FAILED: apprise.NotifyType.FAILURE,
    EventKind.RUN_REFUSED: apprise.NotifyType.WARNING,
    EventKind.RUN_UNHEALTHY: apprise.NotifyType.FAILURE,
    EventKind.RUN_RESTORED: apprise.NotifyType.WARNING,
}

_LEAST_SECONDS = 0.1

_silenced = logging.getLogger("apprise")
_silenced.propagate = False
_silenced.handlers = [logging.NullHandler()]


class DeliveryError(Exception):
    """Services that did not take a message, by number in the settings and by name."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, and about what kind of event."""

    title: str
    body: str
    kind: EventKind


def deliver(message: Message, urls: Sequence[str], end: float) -> None:
    """Hand *message* to the services at *urls*, all at once, and wait until *end*, monotonic.

    Raises `DeliveryError` that names those which did not take it in time.
    """
    tries = [_Try(number, url, end) for number, url in enumerate(urls, 1)]
    for each in tries:
        each.begin(message)
    failed = [each.name for each in tries if not each.succeeded(end)]
    if failed:
        count = f"{len(failed)} of {len(tries)} services"
        raise DeliveryError(f"{count} did not take the message: {', '.join(failed)}")


def unknown_services(urls: Sequence[str]) -> list[str]:
    """Return the numbers, from 1, of those *urls* that Apprise does not understand."""
    found = enumerate(map(apprise.Apprise.instantiate, urls), 1)
    return [str(number) for number, service in found if service is None]


class _Try:
    """One service, in a daemon thread: one that hangs keeps no process alive."""

    def __init__(self, number: int, url: str, end: float) -> None:
        self._service = apprise.Apprise.instantiate(url)
        self._took_it = False
        self._thread: Thread | None = None
        self.name = f"number {number}"
        if self._service is not None:
            self.name += f" ({self._service.service_name})"
            seconds = max(_LEAST_SECONDS, end - time.monotonic())
            self._service.socket_connect_timeout = seconds
            self._service.socket_read_timeout = seconds

    def begin(self, message: Message) -> None:
        if self._service is not None:
            self._thread = Thread(target=self._send, args=(message,), daemon=True)
            self._thread.start()

    def succeeded(self, end: float) -> bool:
        if self._thread is not None:
            self._thread.join(max(0.0, end - time.monotonic()))
        return self._took_it

    def _send(self, message: Message) -> None:
        kind = _TYPES.get(message.kind, apprise.NotifyType.INFO)
        try:
            self._took_it = bool(
                self._service.notify(title=message.title, body=message.body, notify_type=kind)
            )
        except Exception:  # noqa: BLE001 - its text may quote the URL; the number says which
            self._took_it = False
