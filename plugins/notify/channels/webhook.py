"""A POST to a webhook, and the attempts after a failed one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

NO_ANSWER = "no answer in time"
_FIRST_PAUSE_SECONDS = 0.2
_WORTH_RETRYING = frozenset({408, 425, 429, *range(500, 600)})


@dataclass(frozen=True, slots=True)
class Webhook:
    """The address of a webhook, which is a secret, and what is posted there."""

    url: str
    body: bytes
    retries: int

    @property
    def name(self) -> str:
        """The webhook by its host: the path may be a token."""
        parts = urlsplit(self.url)
        return f"webhook {parts.scheme}://{parts.hostname}"

    def send(self, seconds: float) -> str:
        """Post the body, again after a growing pause, until *seconds* are used up.

        Returns why no attempt succeeded; nothing when one did.
        """
        end = time.monotonic() + seconds
        for attempt in range(self.retries + 1):
            # A try that hangs leaves time for the others.
            left = (end - time.monotonic()) / (self.retries + 1 - attempt)
            reason, is_final = _post(self.url, self.body, left)
            if reason is None:
                return ""
            pause = _FIRST_PAUSE_SECONDS * 2**attempt
            if is_final or attempt == self.retries or time.monotonic() + pause >= end:
                break
            time.sleep(pause)
        return f"{reason} ({attempt + 1} tries)"


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
        return network_reason(error), False
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


def network_reason(error: OSError) -> str:
    """Return the operating system's words for *error*, without what it was about."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return NO_ANSWER
    return getattr(reason, "strerror", None) or type(reason).__name__
