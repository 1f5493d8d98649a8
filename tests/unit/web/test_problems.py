"""What a client reads when a route fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastapi import APIRouter

from sst.errors import DatabaseAheadError, DatabaseUnreachableError
from sst.hooks.manager import Contribution
from sst.web import create_app
from tests.support.fake_runtime import OPERATIONS_TOKEN, fake_runtime
from tests.support.web import ask

if TYPE_CHECKING:
    import pytest
    from fastapi import FastAPI


def failing(error: Exception) -> FastAPI:
    """Return an application with a route that raises *error*."""
    router = APIRouter()

    @router.get("/fail")
    async def fail() -> None:
        raise error

    return create_app(fake_runtime(Contribution("broken", router)))


def test_temporary_error_is_a_503_with_its_code() -> None:
    app = failing(DatabaseUnreachableError(what="Cannot connect to canary-host."))

    plain = ask(app, "/plugins/broken/fail")
    detailed = ask(app, "/plugins/broken/fail", token=OPERATIONS_TOKEN)

    assert plain.status_code == 503
    assert plain.headers["content-type"] == "application/problem+json"
    assert plain.headers["retry-after"] == "5"
    assert plain.json() == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "code": "database_unreachable",
        "detail": "Temporarily unavailable; try again.",
    }
    assert detailed.json()["detail"] == "Cannot connect to canary-host."


def test_other_expected_error_is_a_500_that_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    app = failing(DatabaseAheadError(what="canary-text", why="canary-why"))

    response = ask(app, "/plugins/broken/fail", token=OPERATIONS_TOKEN)

    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "canary" not in response.text
    assert any("canary-text" in message for message in caplog.messages)


def test_bug_is_a_500_without_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    app = failing(RuntimeError("canary-text"))

    response = ask(app, "/plugins/broken/fail", token=OPERATIONS_TOKEN)

    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "canary-text" not in response.text
    assert "Traceback" not in response.text
