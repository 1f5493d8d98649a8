"""Where the database is, and where its password is read: the password itself is kept nowhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_URLS = ("MIGRATION_DATABASE_URL", "DATABASE_URL")
_SECRETS = ".secrets.toml"

Place = list[str]
"""`variable`, `file` or `toml`, and where in it the URL stands."""


class Ending(NamedTuple):
    """What a command that has ended well says of the database that it looked at."""

    keywords: Mapping[str, Any]
    """Those of its connection, without a password."""
    password: Place
    question: str
    """One statement: a digest of all that was looked at, the time, and whether it is settled."""
    redact: Callable[[str], str]
    """Mask every secret in a text."""


def place_of(password: str | None, root: str, environment: str) -> Place | None:
    """Return where the URL with *password* stands; empty for none, None where it is not found.

    It may stand in a variable, in a file that a variable names, or in the secrets of *root*.
    """
    if not password:
        return []
    for place in _places(root, environment):
        if password_at(place) == password:
            return place
    return None


def password_at(place: Sequence[str]) -> str | None:
    """Return the password of the URL that stands at *place* now; None where there is none."""
    from urllib.parse import unquote

    try:
        url = _text_at(place)
    except (OSError, KeyError, TypeError, ValueError):
        return None
    login, at, _ = url.partition("://")[2].rpartition("@")
    return unquote(login.partition(":")[2]) if at else None


def keywords_of(kept: Mapping[str, Any], place: Sequence[str]) -> dict[str, Any] | None:
    """Return the keywords for a connection: what is *kept*, and the password at *place*."""
    if not place:
        return dict(kept)
    password = password_at(place)
    return None if password is None else {**kept, "password": password}


def _text_at(place: Sequence[str]) -> str:
    kind, name, *path = place
    if kind == "variable":
        return os.environ[name]
    with open(name, "rb") as file:  # noqa: PTH123 - pathlib is not imported for it
        content = file.read()
    if kind == "file":
        return content.decode().strip()
    import tomllib

    table = tomllib.loads(content.decode())
    for key in path:
        table = table[key]
    return str(table)


def _places(root: str, environment: str) -> Iterator[Place]:
    for name in _URLS:
        if os.environ.get(name):
            yield ["variable", name]
        if os.environ.get(f"{name}_FILE"):
            yield ["file", os.path.join(root, os.environ[f"{name}_FILE"])]  # noqa: PTH118
        for section in (environment, "default"):
            for key in (name.lower(), name):
                yield ["toml", f"{root}/{_SECRETS}", section, key]
