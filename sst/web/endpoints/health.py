"""`/health`: all checks together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sst.web.endpoints.answers import HealthAnswer, named_checks, word
from sst.web.token import OPTIONAL_TOKEN, TOKEN_FIELD

if TYPE_CHECKING:
    from sst.health.report import HealthReport
    from sst.web.probing.single_flight import SingleFlight
    from sst.web.token import OperationsToken


class HealthResponse(JSONResponse):
    """A body of the IETF draft's media type."""

    media_type = "application/health+json"


def health_router(question: SingleFlight[HealthReport], token: OperationsToken) -> APIRouter:
    """Return the route that answers *question*; with *token*, check by check."""
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
    async def health(request: Request) -> HealthResponse:
        """Say how the worst of all checks stands: 503 when it fails, 200 otherwise."""
        report = await question.answer()
        checks = named_checks(report) if token.admits(request) else None
        answer = HealthAnswer(status=word(report.status), checks=checks)
        return HealthResponse(
            answer.content(), status_code=503 if answer.status == "fail" else 200
        )

    return router
