"""Routes of plugins: where they are mounted, and what is refused at start."""

from __future__ import annotations

import pytest
from fastapi import APIRouter

from sst.errors import ConfigError
from sst.hooks.manager import Contribution
from sst.web import create_app
from tests.support.fake_runtime import fake_runtime
from tests.support.web import ask


def router(path: str, answer: str, *, method: str = "GET") -> APIRouter:
    """Return a router with one route."""
    made = APIRouter()

    @made.api_route(path, methods=[method])
    async def route() -> str:
        return answer

    route.__module__ = f"plugins.{answer}"
    return made


def test_every_router_of_a_plugin_is_mounted_under_its_name() -> None:
    app = create_app(
        fake_runtime(
            Contribution("metrics", router("/now", "one")),
            Contribution("metrics", router("/then", "two")),
            Contribution("audit", router("/now", "three")),
        )
    )

    answers = [
        ask(app, f"/plugins/{path}").json()
        for path in ("metrics/now", "metrics/then", "audit/now")
    ]

    assert answers == ["one", "two", "three"]


def test_two_routes_for_one_request_are_refused_by_both_names() -> None:
    """FastAPI would call the first and never say that there is a second."""
    runtime = fake_runtime(
        Contribution("metrics", router("/{day}/now", "one")),
        Contribution("metrics", router("/{date}/now", "two")),
    )

    with pytest.raises(ConfigError) as caught:
        create_app(runtime)

    problem = str(caught.value.problems[0])
    assert "plugin metrics: GET /plugins/metrics/{}/now is served twice" in problem
    assert "plugins.one.route" in problem
    assert "plugins.two.route" in problem


def test_one_path_with_two_methods_is_fine() -> None:
    app = create_app(
        fake_runtime(
            Contribution("metrics", router("/now", "read")),
            Contribution("metrics", router("/now", "written", method="POST")),
        )
    )

    response = ask(app, "/plugins/metrics/now", method="POST")

    assert response.json() == "written"


def test_value_that_is_no_router_is_refused_by_the_name_of_its_plugin() -> None:
    runtime = fake_runtime(Contribution("metrics", "a string"))

    with pytest.raises(ConfigError, match="problem") as caught:
        create_app(runtime)

    assert "plugin metrics: register_routers returned str" in str(caught.value)
