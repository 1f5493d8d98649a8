"""Answers of probes as bytes, sent again to the same request without routing.

Serving a probe through the framework costs more than its answer, which is the same for a second.
An endpoint hands its answer over with the moment when what it tells was asked for: the age of
what is told is counted from there, and not from the moment when the bytes were kept.

What answers sits inside every middleware, a plugin's and the application's own: each of them sees
a probe, and what routing has found for it, as it sees any other request.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.web.probing.single_flight import FRESH_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import Request, Response
    from starlette.types import ASGIApp, Receive, Scope, Send

_ROUTING = ("router", "route", "endpoint", "path_params")
"""What middleware may read in the scope after a request; a version of Starlette may lack some."""

_AUTHORIZATION = b"authorization"


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, what routing had found for its request, and when it ends, on the clock."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    routing: Mapping[str, Any]
    until: float


class KeptAnswers:
    """The answers that endpoints have handed over, each for one second.

    *clock* returns seconds; it is that of `SingleFlight`, and an argument for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str, str], _Kept] = {}

    def keep(
        self, request: Request, response: Response, asked_at: float | None = None
    ) -> Response:
        """Return *response*, which answers *request* and those like it until it is a second old.

        *asked_at* is the moment on the clock when what it tells was asked for, else now.
        The answer to a request that carries a token is never kept.
        """
        now = self._clock()
        until = (now if asked_at is None else asked_at) + FRESH_SECONDS
        if until > now and not _is_authorized(request.scope):
            # Paths are few, but a middleware may take root_path from a header.
            self._kept = {key: each for key, each in self._kept.items() if each.until > now}
            self._kept[_key(request.scope)] = _as_bytes(request.scope, response, until)
        return response

    def find(self, scope: Scope) -> _Kept | None:
        """Return the answer to the HTTP request of *scope*; None for one that must be routed."""
        kept = self._kept.get(_key(scope))
        if kept is None or self._clock() >= kept.until or _is_authorized(scope):
            return None
        return kept


class AnswerFromKept:
    """Answer for *app* from *kept* where that is possible; pass everything else on."""

    def __init__(self, app: ASGIApp, kept: KeptAnswers) -> None:
        self._app = app
        self._find = kept.find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the kept answer, else what *app* sends."""
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope.update(found.routing)
        # Middleware adds to the list of headers that it sees.
        start = {"type": "http.response.start", "status": found.status}
        await send({**start, "headers": [*found.headers]})
        await send({"type": "http.response.body", "body": found.body})


def _key(scope: Scope) -> tuple[str, str, str]:
    return scope["method"], scope.get("root_path", ""), scope["path"]


def _is_authorized(scope: Scope) -> bool:
    return any(name == _AUTHORIZATION for name, _ in scope["headers"])


def _as_bytes(scope: Scope, response: Response, until: float) -> _Kept:
    routing = {name: scope[name] for name in _ROUTING if name in scope}
    headers = tuple(response.raw_headers)
    return _Kept(response.status_code, headers, bytes(response.body), routing, until)
