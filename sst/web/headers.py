"""The security headers of every answer, the errors included."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = MappingProxyType(
    {
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }
)
"""The headers of every answer that does not set them itself."""

_AS_SENT = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


class SecurityHeaders:
    """Add the security headers to every HTTP answer of *app*.

    Pure ASGI: one `BaseHTTPMiddleware` costs several times a small request (measured).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; complete the headers where an answer starts."""

        async def send_complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                present = {name for name, _ in headers}
                headers += [each for each in _AS_SENT if each[0] not in present]
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_complete)
