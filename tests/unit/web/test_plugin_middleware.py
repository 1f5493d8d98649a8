"""Middleware of plugins: the order, the place, and what is refused at start."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from sst.errors import ConfigError
from sst.hooks.manager import Contribution
from sst.web import create_app
from tests.support.fake_runtime import fake_runtime
from tests.support.web import ask

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sst.hooks import Middleware


def signed(name: str) -> Middleware:
    """Return middleware that adds *name* to the header `x-way` on the way out."""

    def make(app: ASGIApp) -> ASGIApp:
        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_signed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-way", name.encode()))
                await send(message)

            await app(scope, receive, send_signed)

        return serve

    return make


def broken(_app: ASGIApp) -> ASGIApp:
    """Return middleware whose every request fails."""

    async def serve(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("canary")

    return serve


def served(*made: object) -> FastAPI:
    """Return an application with the middleware *made*, each from a plugin of its own."""
    found = tuple(Contribution(f"plugin{n}", each) for n, each in enumerate(made))
    return create_app(fake_runtime(middleware=found))


def test_first_plugin_is_the_outermost() -> None:
    app = served(signed("first"), signed("second"))

    response = ask(app, "/livez")

    assert response.headers.get_list("x-way") == ["second", "first"]


def test_failing_middleware_is_a_problem_document_with_the_security_headers() -> None:
    response = ask(served(broken), "/livez")

    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "canary" not in response.text


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (lambda _app: None, "made NoneType, not an ASGI application"),
        (lambda: None, "raised TypeError"),
        (lambda _app: sys.exit(3), "raised SystemExit"),
    ],
    ids=["nothing", "wrong arguments", "exit"],
)
def test_middleware_that_cannot_be_made_ends_the_start(made: object, what: str) -> None:
    """Else every request would be answered with 500 by an application that looks alive."""
    with pytest.raises(ConfigError) as caught:
        served(signed("fine"), made)

    assert str(caught.value.problems[0]) == (
        f"plugin plugin1: a middleware of register_middleware {what}"
    )
