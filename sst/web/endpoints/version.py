"""`/version`: which code runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sst import __version__
from sst.web.endpoints.answers import VersionAnswer
from sst.web.token import OPTIONAL_TOKEN, TOKEN_FIELD

if TYPE_CHECKING:
    from sst.web.probing.kept_answers import KeptAnswers
    from sst.web.probing.single_flight import SingleFlight
    from sst.web.token import OperationsToken


def version_router(
    git_commit: str,
    heads: SingleFlight[tuple[str, ...] | None],
    token: OperationsToken,
    kept: KeptAnswers,
) -> APIRouter:
    """Return the route that names version and *git_commit*; with *token*, the *heads* too.

    *kept* gets the answers without them.
    """
    router = APIRouter(tags=["version"], dependencies=[TOKEN_FIELD])

    @router.get("/version", response_model=VersionAnswer, openapi_extra=OPTIONAL_TOKEN)
    async def version(request: Request) -> Response:
        """Name the code that runs; the revisions it expects only for operators."""
        expected = await heads.answer() if token.admits(request) else None
        answer = VersionAnswer(version=__version__, git_commit=git_commit, expected_heads=expected)
        return kept.keep(request, JSONResponse(answer.content()))

    return router
