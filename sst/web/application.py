"""The application: settings and plugins from the runtime, routes from this package."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from sst import __version__
from sst.application_context import application_context
from sst.config.binding.open_sources import early_secrets
from sst.redaction.plugin_output import install as install_bounds
from sst.redaction.redact import mask_credentials, redact
from sst.web.database_url import log_unusable_url
from sst.web.description import describe_problems
from sst.web.endpoints.docs import docs_router
from sst.web.endpoints.health import health_router
from sst.web.endpoints.live import live_router
from sst.web.endpoints.metrics import metrics_router
from sst.web.endpoints.ready import ready_router
from sst.web.endpoints.version import version_router
from sst.web.headers import SecurityHeaders
from sst.web.logs import adopt_server_loggers, quiet_probes
from sst.web.measuring.counting import CountRequests
from sst.web.measuring.counts import RequestCounts
from sst.web.plugin_middleware import mount_plugin_middleware
from sst.web.plugin_routers import mount_plugin_routers
from sst.web.probing.kept_answers import AnswerFromKept, KeptAnswers
from sst.web.probing.probes import Probes
from sst.web.problems import install_problem_handlers
from sst.web.state_page.endpoints import state_router
from sst.web.token import OperationsToken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from fastapi import APIRouter
    from starlette.types import ASGIApp

    from sst.config import Settings
    from sst.runtime import Runtime


class Application(FastAPI):
    """FastAPI with the security headers around everything, its own error answers included."""

    counts: RequestCounts | None = None
    """Counts what is answered; None where nobody asks."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the stack that FastAPI builds, inside the headers and counted outside of them."""
        stack = SecurityHeaders(super().build_middleware_stack())
        return stack if self.counts is None else CountRequests(stack, self.counts)

    def openapi(self) -> dict[str, Any]:
        """Return the description that FastAPI writes, with the errors that clients really get."""
        if not self.openapi_schema:
            describe_problems(super().openapi())
        return self.openapi_schema or {}


def create_app(
    runtime: Runtime | None = None,
    *,
    root: Path | None = None,
    routers: Sequence[APIRouter] | Callable[[], Sequence[APIRouter]] = (),
) -> FastAPI:
    """Return the application on *runtime*, else on one opened for the project at *root*.

    Without a *root* that is the working folder.

    *routers* are the application's own endpoints, or a function that imports and returns them:
    it is called when the settings are loaded, so that a fault of theirs is told first.
    `request.app.state.application` is what endpoints may know: an `ApplicationContext`, whose
    `engine()` has the pool of the settings.
    Nothing connects here, no table is created and nothing is migrated: a database that is down
    makes the application not ready, and does not keep it from starting. Neither does a URL that
    is missing or cannot be read, which is in the log at the start.
    A runtime that was opened here is closed when the application stops; a given one is not.
    Raises `ConfigError` when settings or plugins are wrong.
    """
    opened = runtime or _open(root or Path.cwd())
    probes = Probes(opened)
    app = _empty_application(opened, probes, closes=runtime is None)
    token = OperationsToken(opened.settings.operations_token)
    install_problem_handlers(app, token)
    _add_routes(app, opened, probes, token)
    for router in routers() if callable(routers) else routers:
        app.include_router(router)
    _add_contributions(app, opened, probes)
    quiet_probes()
    return app


def _open(root: Path) -> Runtime:
    from sst.runtime import open_runtime

    early = early_secrets(root)
    install_bounds(lambda text: mask_credentials(redact(text, early)))
    opened = open_runtime(root)
    opened.configure_logging()
    install_bounds(lambda text: mask_credentials(opened.redact(text)))
    adopt_server_loggers()
    return opened


def _empty_application(runtime: Runtime, probes: Probes, *, closes: bool) -> Application:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(log_unusable_url, runtime)
        # Here, and not before: a server that forks has forked by now.
        with probes.watching():
            yield
        if closes:
            runtime.close()

    app = Application(
        title="SST Platform",
        version=__version__,
        debug=runtime.settings.debug,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if _shows_docs(runtime.settings) else None,
    )
    app.state.runtime = runtime
    return app


def _add_routes(
    app: Application, runtime: Runtime, probes: Probes, token: OperationsToken
) -> None:
    kept = KeptAnswers()
    app.include_router(live_router(kept))
    app.include_router(ready_router(probes.readiness, token, kept))
    app.include_router(health_router(probes.health, token, kept))
    app.include_router(version_router(runtime.version.git_commit, probes.heads, token, kept))
    if runtime.settings.metrics != "off":
        app.counts = RequestCounts()
        app.include_router(metrics_router(runtime, probes, app.counts, token))
    app.include_router(state_router(runtime, probes, token))
    # The first one is the innermost: the middleware of plugins, and that of app/, sees probes.
    app.add_middleware(AnswerFromKept, kept=kept)
    if _shows_docs(runtime.settings):
        app.include_router(docs_router())


def _add_contributions(app: FastAPI, runtime: Runtime, probes: Probes) -> None:
    context, plugins = application_context(runtime, probes.preparing), runtime.plugins
    app.state.application = context
    mount_plugin_routers(app, plugins.collect("register_routers", application=context))
    mount_plugin_middleware(app, plugins.collect("register_middleware", application=context))


def _shows_docs(settings: Settings) -> bool:
    # A map of every route is for developers.
    return not settings.protected
