"""The operations token: who may see details."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from fastapi import Depends
from fastapi.security import HTTPBearer

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic import SecretStr

TOKEN_FIELD = Depends(
    HTTPBearer(
        auto_error=False,
        scheme_name="operations_token",
        description="OPERATIONS_TOKEN of the settings; without it every answer is one word.",
    )
)
"""Gives the page at `/docs` a field for the token; decides nothing."""

OPTIONAL_TOKEN: dict[str, Any] = {"security": [{}]}
"""For `openapi_extra` of a route with that field: it answers without the token too."""


class OperationsToken:
    """Admit a request that carries `Authorization: Bearer TOKEN`; nobody without a *secret*."""

    def __init__(self, secret: SecretStr | None) -> None:
        self._secret = secret.get_secret_value().encode() if secret else b""

    def admits(self, request: Request) -> bool:
        """Return whether *request* carries the token; takes the same time for any wrong one."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not self._secret or scheme.lower() != "bearer":
            return False
        # Headers arrive as latin-1: the same bytes again, whatever they spell.
        return hmac.compare_digest(given.strip().encode("latin-1"), self._secret)
