"""The OpenAPI description says what the application does."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from sst.hooks.manager import Contribution
from sst.web import create_app, problem_responses
from tests.support.fake_runtime import fake_runtime

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


class Thing(BaseModel):
    """A body."""

    name: str


def described(router: APIRouter) -> dict[str, Any]:
    """Return the description of an application with a plugin's *router*."""
    return create_app(fake_runtime(Contribution("things", router))).openapi()


@pytest.mark.parametrize("path", ["/readyz", "/health", "/version"])
def test_operations_token_is_optional_where_it_only_adds_details(path: str) -> None:
    description = create_app(fake_runtime()).openapi()

    assert description["paths"][path]["get"]["security"] == [{"operations_token": []}, {}]


def test_endpoint_without_details_asks_for_no_token() -> None:
    assert "security" not in create_app(fake_runtime()).openapi()["paths"]["/livez"]["get"]


def test_errors_of_a_plugins_route_are_described_as_problem_documents() -> None:
    router = APIRouter()

    @router.post("/things", responses=problem_responses({404: "There is none."}))
    async def create(thing: Thing) -> Thing:
        return thing

    description = described(router)

    responses = description["paths"]["/plugins/things/things"]["post"]["responses"]
    assert responses.keys() == {"200", "400", "404", "422"}
    assert responses["404"] == {"description": "There is none.", "content": PROBLEM}
    assert responses["422"]["content"] == responses["400"]["content"] == PROBLEM
    assert {"Problem", "ProblemError"} <= description["components"]["schemas"].keys()
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_description_is_made_once() -> None:
    app = create_app(fake_runtime())

    assert app.openapi() is app.openapi()
