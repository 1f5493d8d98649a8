"""Routes that plugins bring: under `/plugins/NAME`, and no two for the same request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from sst.errors import ConfigError, Problem
from sst.hooks.tools.route_clashes import route_clashes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import FastAPI

    from sst.hooks.manager import Contribution


def mount_plugin_routers(app: FastAPI, contributions: Iterable[Contribution]) -> None:
    """Mount every router of *contributions* under its plugin's name.

    Raises `ConfigError` with all problems: a value that is no router, and two routes for the
    same method and path, of which only the first would ever be called.
    """
    found = tuple(contributions)
    problems = [_no_router(item) for item in found if not isinstance(item.value, APIRouter)]
    if not problems:
        problems = list(route_clashes(found))
    if problems:
        raise ConfigError(problems)
    for item in found:
        app.include_router(item.value, prefix=f"/plugins/{item.plugin}", tags=[item.plugin])


def _no_router(item: Contribution) -> Problem:
    return Problem(
        subject=f"plugin {item.plugin}",
        what=f"register_routers returned {type(item.value).__name__}, not a fastapi.APIRouter",
    )
