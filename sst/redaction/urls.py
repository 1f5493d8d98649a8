"""URLs as they may be shown, and what of one is a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.redaction.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRINTABLE_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+]*)://(?:(?P<user>[\w.%+~-]*)(?::[^@/?#\s]*)?@)?"
    r"(?P<rest>(?:[\w.-]*|\[[0-9a-fA-F:.]+\])(?::\d+)?(?:/[\w.%-]*)?)(?:\?[^#@]*)?"
)
_CREDENTIAL_QUERY = re.compile(
    r"(?i)([?&;](?:[\w-]*password|passwd|pwd|token|secret|api_?key|sslkey|signature|sig)=)([^&\s#]*)"
)


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
