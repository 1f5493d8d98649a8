"""Middleware that plugins bring: around every route, inside the security headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.errors import ConfigError, Problem, SstError
from sst.hooks.calling.calls import PLUGIN_ERRORS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from sst.hooks import Middleware
    from sst.hooks.manager import Contribution


def mount_plugin_middleware(app: FastAPI, contributions: Sequence[Contribution]) -> None:
    """Put every middleware of *contributions* around *app*, the first one outermost.

    They are made here, so that one that cannot be made ends the start and not every request.
    Nothing can be put around *app* afterwards.
    Raises `ConfigError` that names the plugin.
    """
    for item in reversed(contributions):
        app.add_middleware(_named(item))
    if contributions:
        app.middleware_stack = app.build_middleware_stack()


def _named(item: Contribution) -> Middleware:
    def make(app: ASGIApp) -> ASGIApp:
        try:
            made: ASGIApp = item.value(app)
        except SstError:
            raise
        except PLUGIN_ERRORS as error:
            raise _refused(item, f"raised {type(error).__name__}") from error
        if not callable(made):
            raise _refused(item, f"made {type(made).__name__}, not an ASGI application")
        return made

    return make


def _refused(item: Contribution, what: str) -> ConfigError:
    return ConfigError(
        [Problem(f"plugin {item.plugin}", f"a middleware of register_middleware {what}")]
    )
