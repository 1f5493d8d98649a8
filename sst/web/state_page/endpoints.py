"""The routes: page, form, way out, stylesheet; nothing that they do changes the database."""

from __future__ import annotations

import asyncio
import math
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from sst.web.state_page.attempts import Attempts, client_of
from sst.web.state_page.form import refuse_foreign, sent_token
from sst.web.state_page.looks import Looks
from sst.web.state_page.page import page_of
from sst.web.state_page.sessions import COOKIE, LASTING_SECONDS, Sessions

if TYPE_CHECKING:
    from types import ModuleType

    from sst.runtime import Runtime
    from sst.web.probing.probes import Probes
    from sst.web.state_page.looks import Seen
    from sst.web.token import OperationsToken

PATH = "/state"
_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# With `no-referrer` a browser sends the form with `Origin: null`.
_HEADERS = {"content-security-policy": _POLICY, "referrer-policy": "same-origin"}
_CACHE = {"cache-control": "public, max-age=86400"}
_ALL_RUNS = "all"
_WRONG = "That is not the operations token."


def state_router(runtime: Runtime, probes: Probes, token: OperationsToken) -> APIRouter:
    """Return the routes of the page on *runtime*, which *token* opens."""
    endpoints = _Endpoints(runtime, probes, token)
    router = APIRouter(include_in_schema=False)
    router.add_api_route(PATH, endpoints.show, methods=["GET", "HEAD"])
    router.add_api_route(PATH, endpoints.enter, methods=["POST"])
    router.add_api_route(f"{PATH}/leave", endpoints.leave, methods=["POST"])
    router.add_api_route(f"{PATH}/style.css", endpoints.style, methods=["GET"])
    return router


class _Endpoints:
    """The endpoints, and what they share."""

    def __init__(self, runtime: Runtime, probes: Probes, token: OperationsToken) -> None:
        self._runtime = runtime
        self._token = token
        self._looks = Looks(runtime, probes)
        self._sessions = Sessions(token)
        self._attempts = Attempts()

    async def show(self, request: Request) -> Response:
        """Show the page to whoever has the token or a cookie of it, else the form."""
        if refusal := self._refusal(request):
            return refusal
        has_all_runs = request.query_params.get("runs") == _ALL_RUNS
        seen = await self._looks.seen()
        # A hundred runs take their time, and other requests go on meanwhile.
        return await asyncio.to_thread(self._page, seen, has_all_runs=has_all_runs)

    def _page(self, seen: Seen, *, has_all_runs: bool) -> Response:
        page = page_of(self._runtime, seen, has_all_runs=has_all_runs)
        return self._html("page.html", page=page)

    async def enter(self, request: Request) -> Response:
        """Set the cookie for a right token, and lead to the page."""
        refuse_foreign(request)
        given = await sent_token(request)
        if refusal := self._refusal_of_client(request):
            return refusal
        if not self._token.fits(given):
            return self._wrong(request)
        response = Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": "state"})
        self._set_cookie(request, response, self._sessions.begin(), LASTING_SECONDS)
        return response

    async def leave(self, request: Request) -> Response:
        """Take the cookie away, and lead to the form."""
        refuse_foreign(request)
        response = Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": "../state"})
        self._set_cookie(request, response, "", 0)
        return response

    async def style(self) -> Response:
        """Return the stylesheet; its address changes with it."""
        return Response(_rendering().STYLE, media_type="text/css", headers=_CACHE)

    def _refusal(self, request: Request) -> Response | None:
        """Return what *request* is answered that may not see the page; None for one that may."""
        has_token = "authorization" in request.headers
        if self._token.is_set and not has_token:
            is_in = self._sessions.admits(request.cookies.get(COOKIE))
            return None if is_in else self._form(HTTPStatus.UNAUTHORIZED)
        if refusal := self._refusal_of_client(request):
            return refusal
        return None if self._token.admits(request) else self._wrong(request)

    def _refusal_of_client(self, request: Request) -> Response | None:
        """Return the answer where no token opens the page now; None where a right one would."""
        if not self._token.is_set:
            return self._html("closed.html", HTTPStatus.FORBIDDEN)
        wait_seconds = math.ceil(self._attempts.wait_seconds(client_of(request)))
        if not wait_seconds:
            return None
        reason = f"Too many wrong tries. Try again in {wait_seconds} s."
        answer = self._form(HTTPStatus.TOO_MANY_REQUESTS, reason)
        answer.headers["retry-after"] = str(wait_seconds)
        return answer

    def _wrong(self, request: Request) -> Response:
        self._attempts.note_wrong(client_of(request))
        return self._form(HTTPStatus.UNAUTHORIZED, _WRONG)

    def _form(self, status: HTTPStatus, reason: str = "") -> Response:
        answer = self._html("form.html", status, reason=reason)
        if status is HTTPStatus.UNAUTHORIZED:
            answer.headers["www-authenticate"] = "Bearer"
        return answer

    def _html(
        self, template: str, status: HTTPStatus = HTTPStatus.OK, **values: object
    ) -> Response:
        text = _rendering().render(template, self._runtime.redact, **values)
        content = text.encode(errors="backslashreplace")
        return Response(content, status, _HEADERS, media_type="text/html")

    def _set_cookie(self, request: Request, response: Response, value: str, seconds: int) -> None:
        response.set_cookie(
            COOKIE,
            value,
            max_age=seconds,
            path=f"{request.scope.get('root_path', '')}{PATH}",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )


def _rendering() -> ModuleType:
    # The application starts without templates.
    from sst.web.state_page import rendering

    return rendering
