"""Each answer is counted once, under the template of its route."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException
from prometheus_client.parser import text_string_to_metric_families

from sst.hooks.manager import Contribution
from sst.metrics.exposition import exposition
from sst.web import create_app
from sst.web.measuring.counting import CountRequests
from sst.web.measuring.counts import RequestCounts
from tests.support.fake_runtime import fake_runtime
from tests.support.web import ask

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Key = tuple[str, str, str]


def routes() -> APIRouter:
    """Return routes that answer in every way."""
    router = APIRouter()

    @router.get("/items/{number}")
    async def item(number: int) -> int:
        return number

    @router.post("/items/{number}")
    async def replaced(number: int) -> int:
        return number

    @router.get("/bug")
    async def bug() -> None:
        raise RuntimeError

    @router.get("/absent")
    async def absent() -> None:
        raise HTTPException(404)

    return router


@pytest.fixture
def app() -> FastAPI:
    """Return an application with these routes, of its own and of a plugin."""
    runtime = fake_runtime(Contribution("shop", routes()))
    return create_app(runtime, routers=[routes()])


def counted(app: FastAPI) -> dict[Key, float]:
    """Return how often each method, route and status was answered."""
    counts: RequestCounts = app.counts  # type: ignore[attr-defined]
    return requests(counts)


def requests(counts: RequestCounts) -> dict[Key, float]:
    """Return the requests in *counts* by method, route and status."""
    text = exposition(counts.families())
    return {
        (each.labels["method"], each.labels["route"], each.labels["status"]): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name == "sst_http_requests_total"
    }


@pytest.mark.parametrize("prefix", ["", "/plugins/shop"])
@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/items/1", "/items/{number}", "200"),
        ("POST", "/items/1", "/items/{number}", "200"),
        ("GET", "/items/word", "/items/{number}", "422"),
        ("DELETE", "/items/1", "/items/{number}", "405"),
        ("GET", "/bug", "/bug", "500"),
        ("GET", "/absent", "/absent", "404"),
    ],
)
def test_answer_is_counted_under_its_route(
    app: FastAPI, prefix: str, method: str, path: str, route: str, status: str
) -> None:
    ask(app, prefix + path, method=method)

    assert counted(app) == {(method, prefix + route, status): 1}


def test_requests_of_many_paths_are_one_series(app: FastAPI) -> None:
    for number in range(50):
        ask(app, f"/items/{number}")

    assert counted(app) == {("GET", "/items/{number}", "200"): 50}


def test_paths_that_there_are_not_are_one_series(app: FastAPI) -> None:
    for number in range(50):
        ask(app, f"/wp-admin/{number}")

    assert counted(app) == {("GET", "unmatched", "404"): 50}


def test_methods_that_there_are_not_are_one_series(app: FastAPI) -> None:
    for number in range(50):
        ask(app, "/wp-admin", method=f"MADE{number}")

    assert counted(app) == {("other", "unmatched", "404"): 50}


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/version"])
def test_probe_that_is_answered_again_counts_each_time(app: FastAPI, path: str) -> None:
    for _ in range(3):
        assert ask(app, path).status_code == 200

    assert counted(app) == {("GET", path, "200"): 3}


def test_answer_of_a_middleware_is_counted() -> None:
    """Such as the 503 of maintenance, which no route has seen."""

    def refusing(app: ASGIApp) -> ASGIApp:
        async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        return refuse

    app = create_app(fake_runtime(middleware=(Contribution("closed", refusing),)))

    ask(app, "/livez")

    assert counted(app) == {("GET", "unmatched", "503"): 1}


def test_whoever_has_the_answer_finds_it_counted() -> None:
    """What a route does after its answer, such as a background task, is not waited for."""
    router, seen = APIRouter(), list[dict[Key, float]]()

    @router.get("/later")
    async def later(tasks: BackgroundTasks) -> str:
        tasks.add_task(lambda: seen.append(counted(served)))
        return "now"

    served = create_app(fake_runtime(), routers=[router])

    ask(served, "/later")

    assert seen == [{("GET", "/later", "200"): 1}]
    assert counted(served) == seen[0]


def test_parts_of_a_stream_pass_one_by_one() -> None:
    """Nothing is held back: each part has left before the next one is made."""
    log: list[object] = []

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one", b"two"):
            log.append("made")
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    run(CountRequests(stream, RequestCounts()), {"type": "http", "method": "GET"}, log)

    assert log == [None, "made", b"one", "made", b"two", b""]


async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer nothing: a server makes a 500 of it."""


async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Break off in the middle."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise OSError


async def cancelled(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """End as a request does when the server stops."""
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (nothing, {("GET", "unmatched", "500"): 1}),
        (broken, {("GET", "unmatched", "200"): 1}),
        (cancelled, {}),
    ],
)
def test_answer_without_an_end(app: ASGIApp, expected: dict[Key, float]) -> None:
    counts = RequestCounts()

    run(CountRequests(app, counts), {"type": "http", "method": "GET"})

    assert requests(counts) == expected


def test_what_is_no_request_passes() -> None:
    counts = RequestCounts()

    run(CountRequests(nothing, counts), {"type": "lifespan"})

    assert requests(counts) == {}


def test_nothing_is_counted_where_nobody_reads_it() -> None:
    app = create_app(fake_runtime(metrics="off"))

    assert ask(app, "/metrics").status_code == 404
    assert app.counts is None  # type: ignore[attr-defined]


def run(app: ASGIApp, scope: dict[str, Any], log: list[object] | None = None) -> None:
    """Call *app* once, and put the bodies that it sends in *log*; how it ends does not matter."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if log is not None:
            log.append(message.get("body"))

    async def call() -> None:
        await asyncio.gather(app(scope, receive, send), return_exceptions=True)

    asyncio.run(call())
