"""`/readyz`: send requests here, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sst.web.endpoints.answers import StatusAnswer, named_checks, word
from sst.web.problems import RETRY_AFTER_SECONDS
from sst.web.token import OPTIONAL_TOKEN, TOKEN_FIELD

if TYPE_CHECKING:
    from sst.health.report import HealthReport
    from sst.web.probing.single_flight import SingleFlight
    from sst.web.token import OperationsToken


def ready_router(question: SingleFlight[HealthReport], token: OperationsToken) -> APIRouter:
    """Return the route that answers *question*; with *token*, check by check."""
    router = APIRouter(tags=["health"], dependencies=[TOKEN_FIELD])

    @router.head("/readyz", include_in_schema=False)
    @router.get(
        "/readyz",
        response_model=StatusAnswer,
        responses={503: {"model": StatusAnswer}},
        openapi_extra=OPTIONAL_TOKEN,
    )
    async def readyz(request: Request) -> JSONResponse:
        """Say whether the database answers and its schema is not behind the code."""
        report = await question.answer()
        checks = named_checks(report) if token.admits(request) else None
        return _respond(StatusAnswer(status=word(report.status), checks=checks))

    return router


def _respond(answer: StatusAnswer) -> JSONResponse:
    if answer.status != "fail":
        return JSONResponse(answer.content())
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return JSONResponse(answer.content(), status_code=503, headers=retry)
