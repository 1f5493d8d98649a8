"""The operations token: who may see details."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
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

_ITERATIONS = 200_000
"""A tenth of a second, once in a process."""


class OperationsToken:
    """Admit a request that carries `Authorization: Bearer TOKEN`; nobody without a *secret*."""

    def __init__(self, secret: SecretStr | None) -> None:
        self._secret = secret.get_secret_value().encode() if secret else b""

    @property
    def is_set(self) -> bool:
        """Whether there is a token at all."""
        return bool(self._secret)

    def admits(self, request: Request) -> bool:
        """Return whether *request* carries the token; takes the same time for any wrong one."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Headers arrive as latin-1: the same bytes again, whatever they spell.
        return scheme.lower() == "bearer" and self._is(given.strip().encode("latin-1"))

    def fits(self, given: str) -> bool:
        """Return whether *given*, typed by a person, is the token; takes as long for any other."""
        return self._is(given.encode(errors="surrogatepass"))

    def key_for(self, purpose: bytes) -> bytes:
        """Return a key that is made of the token for this *purpose*, and does not tell it.

        It is slow to make, so that nobody guesses a weak token from what was signed with it.
        """
        return _derived(self._secret, purpose)

    def _is(self, given: bytes) -> bool:
        return bool(self._secret) and hmac.compare_digest(given, self._secret)


@lru_cache(maxsize=4)
def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", secret, purpose, _ITERATIONS)
