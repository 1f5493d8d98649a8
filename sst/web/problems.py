"""The answer of a request that fails: a problem document (RFC 9457).

Never a traceback, a statement or a setting; those are in the log.
"""

from __future__ import annotations

import logging
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING, cast

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from sst.errors import ConfigError, SstError, TemporaryError
from sst.web.database_errors import as_temporary, in_one_line, is_schema_behind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI, Request

    from sst.web.token import OperationsToken

RETRY_AFTER_SECONDS = 5
"""Seconds in the `Retry-After` header of a 503."""

PROBLEM_JSON = "application/problem+json"

_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_MOST_ERRORS = 20
_SCHEMA_BEHIND = "The schema is not the one that this code needs: run migrations."
_MISCONFIGURED = "The application's configuration is invalid; the log has the details."
_TO_UPGRADE = "the schema is not the one that this code needs; run `python migrate.py upgrade`"
_INVALID = HTTPStatus.UNPROCESSABLE_ENTITY
# Python 3.11 and 3.13 have two names for it.
_TITLES = {status.value: status.phrase for status in HTTPStatus} | {
    _INVALID: "Unprocessable Content"
}
_CODES = {status.value: status.name.lower() for status in HTTPStatus} | {
    _INVALID: "invalid_request"
}

_log = logging.getLogger(__name__)


class ProblemError(BaseModel):
    """One thing that is wrong with a request."""

    where: list[str] = Field(description="From `body`, `query` or `path` to the field.")
    what: str


class ProblemDocument(BaseModel):
    """A problem document, RFC 9457."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="Always `about:blank`: the status says it.")
    title: str
    status: int
    code: str = Field(description="A stable word for machines.")
    detail: str
    errors: list[ProblemError] = Field(
        [], description="With 422: what does not fit the description, and where."
    )


def install_problem_handlers(app: FastAPI, token: OperationsToken) -> None:
    """Make every exception that leaves a route of *app* a problem document.

    An `HTTPException` keeps its status, text and headers; what does not fit a route's parameters
    or body is a 422 that lists where and why.
    A temporary error, the database's own ones included, is a 503 with its code; its message names
    hosts and roles, so that only a request with the operations *token* reads it.
    A `ConfigError`, such as a DATABASE_URL that is missing, is a 503 that says no more than that.
    A table or a column that is not there is a 503, `schema_behind`.
    Anything else is a 500 that says nothing. Of an error of the database's driver the log has one
    line; without DEBUG no traceback, which would quote the values that were sent.
    """

    async def on_expected(request: Request, error: Exception) -> Response:
        if isinstance(error, ConfigError):
            _log.error("%s %s failed: %s", request.method, request.url.path, error)
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, _MISCONFIGURED, error.code)
        if not isinstance(error, TemporaryError):
            _log.error("%s %s failed: %s", request.method, request.url.path, error)
            return _internal_error()
        detail = error.what if token.admits(request) else "Temporarily unavailable; try again."
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, error.code)

    async def on_database_error(request: Request, error: Exception) -> Response:
        temporary = as_temporary(cast("SQLAlchemyError", error))
        if temporary is None:
            return _on_lasting_error(request, error)
        _log.warning("%s %s failed: %s", request.method, request.url.path, temporary.what)
        return await on_expected(request, temporary)

    app.add_exception_handler(SstError, on_expected)
    app.add_exception_handler(SQLAlchemyError, on_database_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_bug)


def _on_lasting_error(request: Request, error: Exception) -> Response:
    app, is_behind = request.app, is_schema_behind(error)
    if not isinstance(error, DBAPIError) or (app.debug and not is_behind):
        raise error
    asked = f"{request.method} {request.url.path}"
    said = in_one_line(error, app.state.runtime.project_root)
    if is_behind:
        _log.error("%s failed: %s (%s)", asked, _TO_UPGRADE, said)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, _SCHEMA_BEHIND, "schema_behind")
    _log.error("%s failed: %s", asked, said)
    return _internal_error()


def problem(
    status: int,
    detail: object,
    code: str = "",
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> JSONResponse:
    """Return the document; *code* is a stable word for machines, *members* go in beside it."""
    content = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": int(status),
        "code": code or _CODES.get(status, "error"),
        "detail": detail,
    }
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return JSONResponse(
        content | members,
        status_code=status,
        headers=(retry if status is HTTPStatus.SERVICE_UNAVAILABLE else {}) | dict(headers or {}),
        media_type=PROBLEM_JSON,
    )


async def _on_bug(_request: Request, _error: Exception) -> Response:
    # Starlette raises it again after this answer, and the server logs the traceback.
    return _internal_error()


async def _on_http_exception(request: Request, error: Exception) -> Response:
    raised = cast("HTTPException", error)
    if raised.status_code in _WITHOUT_BODY:
        return Response(status_code=raised.status_code, headers=raised.headers)
    headers = dict(raised.headers or {})
    if raised.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names the methods of one route, and a path may have several.
        headers["Allow"] = ", ".join(_allowed_methods(request))
    return problem(raised.status_code, raised.detail, headers=headers)


def _allowed_methods(request: Request) -> Iterator[str]:
    for method in HTTPMethod:
        asked = {**request.scope, "method": method.value}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.router.routes):
            yield method.value


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    # What was sent is not sent back: it can be anything, a password or half a character.
    found = cast("RequestValidationError", error).errors()[:_MOST_ERRORS]
    errors = [
        {"where": [str(part) for part in each["loc"]], "what": str(each["msg"])} for each in found
    ]
    detail = "The request does not fit the description of this endpoint."
    is_unread = any(each["loc"] == ("body",) and each["type"] != "missing" for each in found)
    if is_unread and not _says_json(request):
        detail += " The body was not read as JSON: its Content-Type is not application/json."
    return problem(_INVALID, detail, errors=errors)


def _says_json(request: Request) -> bool:
    """Return whether FastAPI reads the body of *request* as JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _internal_error() -> JSONResponse:
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "The log has the details.", code="internal_error"
    )
