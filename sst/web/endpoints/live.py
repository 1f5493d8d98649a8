"""`/livez`: the process answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sst.web.endpoints.answers import StatusAnswer

if TYPE_CHECKING:
    from sst.web.probing.kept_answers import KeptAnswers


def live_router(kept: KeptAnswers) -> APIRouter:
    """Return the route that touches nothing: a restart cures no database; *kept* gets answers."""
    router = APIRouter(tags=["health"])

    @router.head("/livez", include_in_schema=False)
    @router.get("/livez", response_model=StatusAnswer)
    async def livez(request: Request) -> Response:
        """Say that the process answers; nothing else is looked at."""
        return kept.keep(request, JSONResponse(StatusAnswer(status="pass").content()))

    return router
