"""The cookie of a browser that has given the token: when it ends, signed with a key of the token.

Nothing is kept here: every worker and every replica admits it, and another token ends it.
"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.web.token import OperationsToken

COOKIE = "sst_state"
LASTING_SECONDS = 8 * 3600
"""A working day; the browser forgets it then, and it is admitted no longer."""
_PURPOSE = b"sst: the cookie of /state, form 1"
_MOST_DIGITS = 12


class Sessions:
    """Cookies that stand for *token*.

    *clock* returns the time in seconds since the epoch; it is an argument for tests.
    """

    def __init__(self, token: OperationsToken, clock: Callable[[], float] = time.time) -> None:
        self._token = token
        self._clock = clock

    def begin(self) -> str:
        """Return the value of a cookie that is admitted from now on."""
        ends_at = str(int(self._clock()) + LASTING_SECONDS)
        return f"{ends_at}.{self._signature(ends_at)}"

    def admits(self, value: str | None) -> bool:
        """Return whether *value*, of a request's cookie, is one of ours that has not ended."""
        ends_at, _, signature = (value or "").partition(".")
        if not self._token.is_set or not _is_moment(ends_at):
            return False
        is_ours = hmac.compare_digest(
            signature.encode(errors="replace"), self._signature(ends_at).encode()
        )
        return is_ours and self._clock() < int(ends_at)

    def _signature(self, ends_at: str) -> str:
        return hmac.digest(self._token.key_for(_PURPOSE), ends_at.encode(), "sha256").hex()


def _is_moment(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
