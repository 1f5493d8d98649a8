"""The answer while the flag is up: 503, a problem document, and when to come again.

Pure ASGI: one `BaseHTTPMiddleware` costs several times a small request (measured).
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .watch import Watch

_FIRST_LOOK_SECONDS = 1.0
_TRY_AGAIN_LATER = 1013  # RFC 6455's registry of close codes
_DENIAL = "websocket.http.response"


class Maintenance:
    """Answer for *app* while the flag that *watch* sees is up, except on the *open_paths*."""

    def __init__(
        self, app: ASGIApp, watch: Watch, open_paths: tuple[str, ...], retry_after_seconds: int
    ) -> None:
        self._app = app
        self._watch = watch
        self._open_paths = frozenset(open_paths)
        self._body = _problem(retry_after_seconds)
        self._headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(self._body)).encode()),
            (b"retry-after", str(retry_after_seconds).encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on while the flag is down."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._watch.is_up() and _path(scope) not in self._open_paths:
            await self._refuse(scope, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look while the application lives; a start in the middle of maintenance knows of it."""
        self._watch.start()
        await asyncio.to_thread(self._watch.wait_for_first_look, _FIRST_LOOK_SECONDS)
        try:
            await self._app(scope, receive, send)
        finally:
            self._watch.stop()

    async def _refuse(self, scope: Scope, send: Send) -> None:
        is_http = scope["type"] == "http"
        if not is_http and _DENIAL not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
            return
        kind = "http.response" if is_http else _DENIAL
        await send({"type": f"{kind}.start", "status": 503, "headers": [*self._headers]})
        await send({"type": f"{kind}.body", "body": self._body})


def _path(scope: Scope) -> str:
    """Return the path below the prefix that a proxy has (`uvicorn --root-path`)."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _problem(retry_after_seconds: int) -> bytes:
    content = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "code": "maintenance",
        "detail": f"Down for maintenance; try again in {retry_after_seconds} seconds.",
    }
    return json.dumps(content, separators=(",", ":")).encode()
