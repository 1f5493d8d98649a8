"""`/health`: all checks together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sst.web.endpoints.answers import HealthAnswer, named_checks, word
from sst.web.token import OPTIONAL_TOKEN, TOKEN_FIELD

if TYPE_CHECKING:
    from sst.health.report import HealthReport
    from sst.web.probing.kept_answers import KeptAnswers
    from sst.web.probing.single_flight import SingleFlight
    from sst.web.token import OperationsToken


class HealthResponse(JSONResponse):
    """A body of the IETF draft's media type."""

    media_type = "application/health+json"


def health_router(
    question: SingleFlight[HealthReport], token: OperationsToken, kept: KeptAnswers
) -> APIRouter:
    """Return the route that answers *question*; with *token*, check by check.

    *kept* gets the answers of one word.
    """
    router = APIRouter(
        tags=["health"], dependencies=[TOKEN_FIELD], default_response_class=HealthResponse
    )

    @router.head("/health", include_in_schema=False)
    @router.get(
        "/health",
        response_model=HealthAnswer,
        responses={503: {"model": HealthAnswer}},
        openapi_extra=OPTIONAL_TOKEN,
    )
    async def health(request: Request) -> Response:
        """Say how the worst of all checks stands: 503 when it fails, 200 otherwise."""
        told = await question.told()
        checks = named_checks(told.value) if token.admits(request) else None
        answer = HealthAnswer(status=word(told.value.status), checks=checks)
        status_code = 503 if answer.status == "fail" else 200
        response = HealthResponse(answer.content(), status_code=status_code)
        return kept.keep(request, response, told.asked_at)

    return router
