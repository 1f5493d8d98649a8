"""What a client reads when a route fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from fastapi import APIRouter, HTTPException
from psycopg2 import OperationalError, ProgrammingError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sst.errors import DatabaseAheadError, DatabaseUnreachableError
from sst.hooks.manager import Contribution
from sst.web import create_app
from tests.support.fake_runtime import OPERATIONS_TOKEN, fake_runtime
from tests.support.web import ask

if TYPE_CHECKING:
    from fastapi import FastAPI


class StoppedError(OperationalError):
    """The server is shutting down."""

    pgcode = "57P01"


class DeadlockError(OperationalError):
    """A deadlock."""

    pgcode = "40P01"


class CancelledError(OperationalError):
    """A statement that took longer than statement_timeout."""

    pgcode = "57014"


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


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PoolTimeoutError("QueuePool limit"), 503, "pool_exhausted"),
        (OperationalError("could not connect to canary-host"), 503, "database_unreachable"),
        (StoppedError("canary-server"), 503, "database_unreachable"),
        (DeadlockError("canary-row"), 503, "temporary"),
        (CancelledError("canary-statement"), 503, "temporary"),
        (ProgrammingError("canary-column"), 500, "internal_error"),
    ],
)
def test_error_of_the_database_is_a_503_when_it_passes_by_itself(
    error: Exception, status: int, code: str
) -> None:
    raised = (
        DBAPIError.instance("SELECT 'canary-sql'", None, error, Exception)
        if not isinstance(error, PoolTimeoutError)
        else error
    )

    response = ask(failing(raised), "/plugins/broken/fail")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert ("retry-after" in response.headers) is (status == 503)
    assert "canary" not in response.text


def test_http_exception_keeps_its_status_text_and_headers() -> None:
    error = HTTPException(409, "Another site has this code.", headers={"x-seen": "yes"})

    response = ask(failing(error), "/plugins/broken/fail")

    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-seen"] == "yes"
    assert response.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "conflict",
        "detail": "Another site has this code.",
    }


def test_exception_without_a_body_has_none() -> None:
    response = ask(failing(HTTPException(304)), "/plugins/broken/fail")

    assert (response.status_code, response.content) == (304, b"")


def test_invalid_request_is_told_where_and_why_and_not_what_it_sent() -> None:
    """What was sent can be a password, or half a character that no answer can hold."""
    router = APIRouter()

    @router.get("/strict")
    async def strict(count: int) -> int:
        return count

    response = ask(
        create_app(fake_runtime(Contribution("broken", router))),
        "/plugins/broken/strict?count=canary",
    )

    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert response.headers["content-type"] == "application/problem+json"
    assert [error["where"] for error in response.json()["errors"]] == [["query", "count"]]
    assert "canary" not in response.text


def test_wrong_method_is_told_every_right_one() -> None:
    """Starlette names those of the first route of the path alone."""
    router = APIRouter()
    router.add_api_route("/thing", lambda: None, methods=["GET"])
    router.add_api_route("/thing", lambda: None, methods=["POST"])

    response = ask(create_app(fake_runtime(), routers=[router]), "/thing", method="DELETE")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
