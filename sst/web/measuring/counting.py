"""The middleware that counts what the application answers, whoever in it has answered."""

from __future__ import annotations

import time
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING

from sst.web.measuring.route import route_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sst.web.measuring.counts import RequestCounts

OTHER = "other"
"""For a method that HTTP does not know: a client may send any word."""
_METHODS = frozenset(method.value for method in HTTPMethod)


class CountRequests:
    """Count each HTTP request that *app* answers in *counts*.

    Pure ASGI and outside of everything: it sees the answers of every middleware, those of probes
    that are sent again, and the 500 of a bug. Nothing that is sent is held back or changed.
    """

    def __init__(self, app: ASGIApp, counts: RequestCounts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; count an answer when its last part is sent."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, self._counts)

        async def send_seen(message: Message) -> None:
            answer.see(message)
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        except Exception:
            answer.end()
            raise
        # A server makes a 500 of no answer; of one in parts that a server joins, it sees no end.
        answer.end()


class _Answer:
    """One answer under way."""

    def __init__(self, scope: Scope, counts: RequestCounts) -> None:
        self._scope = scope
        self._counts = counts
        self._began = time.perf_counter()
        self._status: int = HTTPStatus.INTERNAL_SERVER_ERROR.value
        self._is_counted = False

    def see(self, message: Message) -> None:
        """Take *message*, which is about to be sent.

        The last one counts before it leaves, so that whoever has the answer finds it counted.
        """
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.end()

    def end(self) -> None:
        """Count it, once."""
        if self._is_counted:
            return
        self._is_counted = True
        method = self._scope["method"]
        self._counts.add(
            method if method in _METHODS else OTHER,
            route_of(self._scope),
            self._status,
            time.perf_counter() - self._began,
        )
