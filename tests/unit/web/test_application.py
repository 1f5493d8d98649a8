"""How the application is put together."""

from __future__ import annotations

import asyncio
from typing import cast

from fastapi import APIRouter, Request

from sst.runtime import Runtime
from sst.web import create_app
from tests.support.fake_runtime import FakeRuntime, fake_runtime
from tests.support.web import ask


def test_fake_runtime_offers_nothing_that_the_real_one_does_not() -> None:
    """Else the tests of the endpoints would go on passing after the runtime has changed."""
    asked = {"settings", "plugins", "secrets", "project", "migrator", "version", "inspect"}
    asked |= {"checks", "redact", "close", "database_url", "migration_url", "environment"}
    asked |= {"project_root"}

    # These two are set by the constructor.
    offered = {name for name in asked if hasattr(Runtime, name)} | {"plugins", "project_root"}

    assert offered == asked
    assert asked <= set(dir(FakeRuntime())) | set(FakeRuntime.__dataclass_fields__)


def test_given_runtime_is_left_open_for_its_owner() -> None:
    runtime = fake_runtime()
    app = create_app(runtime)

    async def live() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(live())

    assert not cast("FakeRuntime", runtime).is_closed


def test_nothing_connects_while_the_application_is_made() -> None:
    runtime = fake_runtime()

    create_app(runtime)

    assert cast("FakeRuntime", runtime).looks == 0


def test_debug_reaches_the_framework() -> None:
    debug = [create_app(fake_runtime(debug=value)).debug for value in (True, False)]

    assert debug == [True, False]


def test_plugins_reach_the_runtime_through_the_request() -> None:
    runtime = fake_runtime()

    app = create_app(runtime)

    assert app.state.runtime is runtime


def test_routers_of_the_application_know_its_context() -> None:
    router = APIRouter()

    @router.get("/where")
    def where(request: Request) -> str:
        return str(request.app.state.application.environment)

    answer = ask(create_app(fake_runtime(), routers=[router]), "/where")

    assert answer.json() == "development"
