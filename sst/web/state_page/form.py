"""The form that carries the token: small, of this page, and read without guessing."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from fastapi import HTTPException

if TYPE_CHECKING:
    from fastapi import Request

FIELD = "token"
MOST_BYTES = 4096
"""Of a body; a token is a tenth of that."""
_MOST_FIELDS = 10
_KIND = "application/x-www-form-urlencoded"
_OWN_SITES = frozenset({"same-origin", "none"})
_NO_FORM = f"A form is expected, {_KIND}, in UTF-8."


def refuse_foreign(request: Request) -> None:
    """Raise `HTTPException` when the form of *request* stands on a page of another site.

    A proxy may change `Host`; what the browser says of itself comes first. A client that says
    neither is no browser, and nobody's cookies are with it.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    is_own = site in _OWN_SITES if site else origin is None or urlsplit(origin).netloc == host
    if not is_own:
        raise HTTPException(HTTPStatus.FORBIDDEN, "The form was sent from a page of another site.")


async def sent_token(request: Request) -> str:
    """Return the token in the form that *request* carries; empty where it has none.

    Raises `HTTPException` for another kind of body, one that is too long, and broken text.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _NO_FORM)
    body = await _body(request)
    try:
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, _NO_FORM) from error
    return fields.get(FIELD, [""])[0].strip()


async def _body(request: Request) -> bytes:
    """Return the body of *request*, of which never more is kept than a form may have."""
    found = b""
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            detail = f"A form has {MOST_BYTES} bytes at most."
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    return found
