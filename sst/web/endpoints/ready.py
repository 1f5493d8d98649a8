"""`/readyz`: send requests here, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sst.web.endpoints.answers import StatusAnswer, named_checks, word
from sst.web.problems import RETRY_AFTER_SECONDS
from sst.web.token import OPTIONAL_TOKEN, TOKEN_FIELD

if TYPE_CHECKING:
    from sst.health.report import HealthReport
    from sst.web.probing.kept_answers import KeptAnswers
    from sst.web.probing.single_flight import SingleFlight
    from sst.web.token import OperationsToken


def ready_router(
    question: SingleFlight[HealthReport], token: OperationsToken, kept: KeptAnswers
) -> APIRouter:
    """Return the route that answers *question*; with *token*, check by check.

    *kept* gets the answers of one word.
    """
    router = APIRouter(tags=["health"], dependencies=[TOKEN_FIELD])

    @router.head("/readyz", include_in_schema=False)
    @router.get(
        "/readyz",
        response_model=StatusAnswer,
        responses={503: {"model": StatusAnswer}},
        openapi_extra=OPTIONAL_TOKEN,
    )
    async def readyz(request: Request) -> Response:
        """Say whether the database answers and its schema is not behind the code."""
        told = await question.told()
        checks = named_checks(told.value) if token.admits(request) else None
        answer = StatusAnswer(status=word(told.value.status), checks=checks)
        return kept.keep(request, _respond(answer), told.asked_at)

    return router


def _respond(answer: StatusAnswer) -> JSONResponse:
    if answer.status != "fail":
        return JSONResponse(answer.content())
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return JSONResponse(answer.content(), status_code=503, headers=retry)
