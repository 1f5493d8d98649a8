"""The route of a request, as its template: `/items/{number}`, never the path that was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Scope

UNMATCHED = "unmatched"
"""For what no route has answered: a path that there is not, a redirect, a middleware."""


def route_of(scope: Scope) -> str:
    """Return the template of the route that routing has found for the request of *scope*."""
    # Since FastAPI 0.13x a route of an included router knows its own part of the path alone, and
    # the whole is beside it. In a mounted application it is that one's own part as well.
    found = scope.get("fastapi")
    context = found.get("effective_route_context") if isinstance(found, dict) else None
    return _template(context) or _template(scope.get("route")) or UNMATCHED


def _template(route: Any) -> str:  # noqa: ANN401 - of Starlette, of FastAPI, or none
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path if isinstance(path, str) else ""
