"""Every answer carries the security headers."""

from __future__ import annotations

import pytest
from fastapi import APIRouter

from sst.hooks.manager import Contribution
from sst.web import create_app
from sst.web.headers import SECURITY_HEADERS
from tests.support.fake_runtime import FakeInspection, fake_runtime
from tests.support.web import ask


def failing_router() -> APIRouter:
    """Return a route that crashes."""
    router = APIRouter()

    @router.get("/crash")
    async def crash() -> None:
        raise RuntimeError("canary-text")

    return router


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("/livez", 200),
        ("/readyz", 503),
        ("/health", 503),
        ("/version", 200),
        ("/nowhere", 404),
        ("/plugins/broken/crash", 500),
        ("/openapi.json", 200),
    ],
)
def test_every_answer_carries_the_security_headers(path: str, status_code: int) -> None:
    """The answer to a crash is made outside the application's middleware, and counts too."""
    contribution = Contribution("broken", failing_router())
    app = create_app(fake_runtime(contribution, look=lambda: FakeInspection("empty")))

    response = ask(app, path)

    assert response.status_code == status_code
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_headers_are_those_of_a_page_that_loads_nothing() -> None:
    assert dict(SECURITY_HEADERS) == {
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }
