"""Requests to an application in this process, and to one that uvicorn serves in its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from starlette.types import Message


def ask(
    app: FastAPI, path: str, *, method: str = "GET", token: str | None = None
) -> httpx.Response:
    """Return the answer of *app* to one request, with the operations *token* if there is one."""
    return ask_all(app, [path], method=method, token=token)[0]


def ask_all(
    app: FastAPI, paths: Sequence[str], *, method: str = "GET", token: str | None = None
) -> list[httpx.Response]:
    """Return the answers of *app* to requests that are all under way at once."""

    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            requests = [client.request(method, path, headers=bearer(token)) for path in paths]
            return await asyncio.gather(*requests)

    return asyncio.run(run())


def sent_by(
    app: FastAPI,
    path: str,
    *,
    method: str = "GET",
    root_path: str = "",
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> list[Message]:
    """Return what *app* sends to a server for one request, message by message."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": root_path,
        "query_string": query,
        "headers": [(b"host", b"test"), *headers],
    }
    asyncio.run(app(scope, receive, send))
    return sent


def bearer(token: str | None) -> dict[str, str]:
    """Return the header that carries *token*; none without one."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def words(response: httpx.Response) -> dict[str, Any]:
    """Return the status word of every check in a health answer, by `plugin:check`."""
    checks: dict[str, list[dict[str, Any]]] = response.json()["checks"]
    return {name: entries[0]["status"] for name, entries in checks.items()}
