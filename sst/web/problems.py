"""What a client gets to read when something goes wrong: a problem document (RFC 9457).

Never a traceback, a statement or a setting; those are in the log.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse

from sst.errors import SstError, TemporaryError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

    from sst.web.token import OperationsToken

RETRY_AFTER_SECONDS = 5
"""What `Retry-After` says with a 503."""

_log = logging.getLogger(__name__)


def install_problem_handlers(app: FastAPI, token: OperationsToken) -> None:
    """Make every exception that leaves a route of *app* a problem document.

    A temporary error is a 503 with its code; its message names hosts and roles,
    so that only a request with the operations *token* reads it.
    Anything else is a 500 that says nothing.
    """

    async def on_expected(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, TemporaryError):
            _log.error("%s %s failed: %s", request.method, request.url.path, error)
            return _internal_error()
        detail = error.what if token.admits(request) else "Temporarily unavailable; try again."
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, detail)

    async def on_bug(_request: Request, _error: Exception) -> JSONResponse:
        # Starlette raises it again after this answer, and the server logs the traceback.
        return _internal_error()

    app.add_exception_handler(SstError, on_expected)
    app.add_exception_handler(Exception, on_bug)


def _internal_error() -> JSONResponse:
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "The log has the details.")


def _problem(status: HTTPStatus, code: str, detail: str) -> JSONResponse:
    content = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
    }
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return JSONResponse(
        content,
        status_code=status,
        headers=retry if status is HTTPStatus.SERVICE_UNAVAILABLE else None,
        media_type="application/problem+json",
    )
