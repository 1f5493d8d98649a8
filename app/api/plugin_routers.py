"""Routes that plugins bring: under `/plugins/NAME`, and no two for the same request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fastapi import FastAPI

    from app.hooks.manager import Contribution

_PARAMETER = re.compile(r"\{[^}:]*")


def mount_plugin_routers(app: FastAPI, contributions: Iterable[Contribution]) -> None:
    """Mount every router of *contributions* under its plugin's name.

    Raises `ConfigError` with all problems: a value that is no router, and two routes for the
    same method and path, of which only the first would ever be called.
    """
    found = tuple(contributions)
    problems = [_no_router(item) for item in found if not isinstance(item.value, APIRouter)]
    if not problems:
        problems = list(_duplicates(found))
    if problems:
        raise ConfigError(problems)
    for item in found:
        app.include_router(item.value, prefix=f"/plugins/{item.plugin}", tags=[item.plugin])


def _no_router(item: Contribution) -> Problem:
    return Problem(
        subject=f"plugin {item.plugin}",
        what=f"register_routers returned {type(item.value).__name__}, not a fastapi.APIRouter",
    )


def _duplicates(contributions: Iterable[Contribution]) -> Iterator[Problem]:
    owners: dict[tuple[str, str, str], str] = {}
    for item in contributions:
        for route in item.value.routes:
            for key in _keys(item.plugin, route):
                first = owners.setdefault(key, _function(route))
                if first != _function(route):
                    yield _duplicate(key, first, _function(route))


def _keys(plugin: str, route: object) -> Iterator[tuple[str, str, str]]:
    if isinstance(route, APIRoute):
        shape = _PARAMETER.sub("{", route.path)
        for method in sorted(route.methods or ()):
            yield plugin, method, shape


def _function(route: APIRoute) -> str:
    code = getattr(route.endpoint, "__code__", None)
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"{route.endpoint.__module__}.{route.name}{place}"


def _duplicate(key: tuple[str, str, str], first: str, second: str) -> Problem:
    plugin, method, path = key
    return Problem(
        subject=f"plugin {plugin}",
        what=f"{method} /plugins/{plugin}{path} is served twice: by {first} and by {second}",
        hint="give one of them another path",
    )
