"""Keep secrets out of what people and machines read."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "********"
"""Of one width, so that it says nothing about the length of what it hides."""

# Shorter secrets are only masked as whole words: a password `postgres` must not
# turn every `postgresql` of a log into noise.
_SAFE_TO_REPLACE_ANYWHERE = 10
_PRINTABLE_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+]*)://(?:(?P<user>[\w.%+~-]*)(?::[^@/?#\s]*)?@)?"
    r"(?P<rest>(?:[\w.-]*|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:/[\w.%-]*)?)(?:\?[^#@]*)?"
)
_USERINFO = re.compile(r"(://[^:/@\s]*):[^\s]*@")
_CREDENTIAL_QUERY = re.compile(
    r"(?i)([?&;](?:[\w-]*password|passwd|pwd|token|secret|api_?key|sslkey|signature|sig)=)([^&\s#]*)"
)
# C0 and C1 but for tab and newline: a role, a table or a file may be called so.
_STEERING = {
    number: f"\\x{number:02x}"
    for number in (*range(32), *range(127, 160))
    if number not in (9, 10)
}


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return *text* with each of the *secrets* masked, in every spelling that logs give them."""
    wanted = frozenset(secret for secret in secrets if secret)
    return _pattern(wanted).sub(MASK, text) if wanted else text


def mask_url(text: str) -> str:
    """Return a database or cache URL as `postgresql://user@host:5432/name`.

    Anything that is not plainly such a URL is masked whole: a password with an unescaped `@` or
    `/` makes the parts ambiguous, and a guess would print half of it.
    """
    match = _PRINTABLE_URL.fullmatch(text.strip())
    if match is None:
        return MASK
    user = match["user"]
    return f"{match['scheme']}://{user + '@' if user else ''}{match['rest']}"


def mask_credentials(text: str) -> str:
    """Return *text* with the credentials of any URL in it masked."""
    return _CREDENTIAL_QUERY.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1:{MASK}@", text))


def visible(text: str) -> str:
    """Return *text* with what would steer a terminal spelled out; lines and tabs stay."""
    return text.translate(_STEERING)


def url_secrets(text: str) -> frozenset[str]:
    """Return what must not be printed of a URL: its password, credential parameters, itself.

    A URL without any of them is not a secret.
    """
    found = {match[2] for match in _CREDENTIAL_QUERY.finditer(text)}
    found |= set(_passwords(text))
    found.discard("")
    return frozenset(found | {text}) if found else frozenset()


def _passwords(text: str) -> Iterator[str]:
    authority = text.partition("://")[2]
    if "@" not in authority:
        return
    # Until the first `@` as SQLAlchemy reads it, and until the last as people write it.
    for userinfo in (authority.partition("@")[0], authority.rpartition("@")[0]):
        yield userinfo.partition(":")[2]


@lru_cache(maxsize=8)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    return re.compile(
        "|".join(_bounded(text) for text in sorted(spellings, key=len, reverse=True))
    )


def _spellings(secret: str) -> set[str]:
    """Return *secret* as it stands, quoted in JSON and `repr`, and percent-encoded."""
    plain = {secret, secret.strip(), unquote(secret)}
    spelled = {
        variant
        for text in plain
        for variant in (
            text,
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            repr(text)[1:-1],
            quote(text, safe=""),
            quote(text),
            quote_plus(text),
        )
    }
    return {text for text in spelled if text}


def _bounded(text: str) -> str:
    escaped = re.escape(text)
    if len(text) >= _SAFE_TO_REPLACE_ANYWHERE:
        return escaped
    return rf"(?<![A-Za-z0-9_]){escaped}(?![A-Za-z0-9_])"
