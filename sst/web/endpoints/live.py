"""`/livez`: the process answers."""

from __future__ import annotations

from fastapi import APIRouter

from sst.web.endpoints.answers import StatusAnswer


def live_router() -> APIRouter:
    """Return the route that touches nothing: a restart cures no database."""
    router = APIRouter(tags=["health"])

    @router.head("/livez", include_in_schema=False)
    @router.get("/livez", response_model_exclude_none=True)
    async def livez() -> StatusAnswer:
        """Say that the process answers; nothing else is looked at."""
        return StatusAnswer(status="pass")

    return router
