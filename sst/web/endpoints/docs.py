"""`/docs`: Swagger UI from an installed package, so that the page needs no other host.

`/` leads there.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, RedirectResponse

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_OURS = resources.files("sst.web.endpoints") / "assets"

# Swagger UI writes style attributes and draws its icons from data: addresses.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_CACHE = "public, max-age=3600"


@dataclass(frozen=True, slots=True)
class _Asset:
    """One file of the page."""

    home: Traversable
    media_type: str


def _assets() -> dict[str, _Asset]:
    # The package's own patch would overwrite FastAPI's routes; only its files are wanted.
    theirs = resources.files("fastapi_swagger.resources")
    return {
        "swagger-ui-bundle.js": _Asset(theirs, "text/javascript"),
        "swagger-ui.css": _Asset(theirs, "text/css"),
        "favicon-32x32.png": _Asset(theirs, "image/png"),
        "start.js": _Asset(_OURS, "text/javascript"),
    }


def docs_router() -> APIRouter:
    """Return the routes of the page and of its files."""
    router = APIRouter(include_in_schema=False)
    assets = _assets()

    @router.get("/")
    async def root() -> RedirectResponse:
        # Relative, for a proxy may have the application below a prefix.
        return RedirectResponse("docs")

    @router.get("/docs")
    async def docs() -> FileResponse:
        headers = {"content-security-policy": _PAGE_POLICY}
        return FileResponse(str(_OURS / "docs.html"), media_type="text/html", headers=headers)

    @router.get("/docs/{name}")
    async def asset(name: str) -> FileResponse:
        if name not in assets:
            raise HTTPException(404)
        found = assets[name]
        return FileResponse(
            str(found.home / name), media_type=found.media_type, headers={"cache-control": _CACHE}
        )

    return router
