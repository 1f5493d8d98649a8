"""The parts of a URL and of options that may be shown, and those that are secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ADDRESSES = ("endpoint_url", "region_name", "host", "username")
# TOML reads a password of digits as a number; a port or a timeout is a smaller one.
_LEAST_SECRET_NUMBER = 100_000


def scheme_of(url: str) -> str:
    """Return `s3` of `s3://bucket/prefix`; nothing when it is no URL."""
    scheme, found, _ = url.partition("://")
    return scheme.lower() if found else ""


def shown_url(url: str) -> str:
    """Return *url* without password, query and a slash at its end."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}".rstrip("/")


def secrets_in(url: str, options: Mapping[str, Any]) -> frozenset[str]:
    """Return every text of *url* and *options* that an error of a driver may not repeat."""
    return frozenset({*_hidden(url), *_texts(options)} - {""})


def _hidden(url: str) -> Iterator[str]:
    """Yield the password of *url*, as it is written and as it is meant, and its query."""
    parts = urlsplit(url)
    password = parts.netloc.rpartition("@")[0].partition(":")[2]
    values = (value for _, value in parse_qsl(parts.query))
    yield from (password, unquote(password), parts.query, *values)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and value >= _LEAST_SECRET_NUMBER:
        yield str(value)
    elif isinstance(value, dict):
        # An error message is about an address, which is no secret; its password is one.
        addresses = [part for name, part in value.items() if name in _ADDRESSES]
        yield from (text for part in addresses for text in _hidden(str(part)))
        yield from _texts([part for name, part in value.items() if name not in _ADDRESSES])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
