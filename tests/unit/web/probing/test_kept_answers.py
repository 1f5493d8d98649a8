"""A kept answer is the one that routing would make, for as long as it is young enough."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import starlette
from fastapi import FastAPI
from packaging.version import Version

from sst.health.report import HealthReport
from sst.hooks.manager import Contribution
from sst.web import create_app
from sst.web.endpoints.ready import ready_router
from sst.web.probing.kept_answers import AnswerFromKept, KeptAnswers
from sst.web.probing.single_flight import SingleFlight
from sst.web.token import OperationsToken
from tests.support.fake_runtime import OPERATIONS_TOKEN, FakeInspection, fake_runtime
from tests.support.web import ask, sent_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sst.hooks import Middleware

PATHS = ("/livez", "/readyz", "/health", "/version")
UNSUPPORTED = ("/readyz/", "/livez/x", "//livez", "/LIVEZ")


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Seen:
    """Middleware of a plugin that marks answers and remembers what it can read of a request."""

    scopes: list[dict[str, Any]] = field(default_factory=list)
    is_closed: bool = False

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Return the middleware around *app*; it answers by itself while closed."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_marked(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"].append((b"x-seen", str(len(self.scopes)).encode()))
                await send(message)

            if self.is_closed:
                await send({"type": "http.response.start", "status": 503, "headers": []})
                await send({"type": "http.response.body", "body": b"closed"})
                return
            await app(scope, receive, send_marked)
            self.scopes.append(dict(scope))

        return serve


def application(*middleware: Middleware, state: str = "up_to_date") -> FastAPI:
    """Return the application on a database in *state*, with the *middleware* of plugins."""
    made = tuple(Contribution("fake", each) for each in middleware)
    return create_app(fake_runtime(look=lambda: FakeInspection(state), middleware=made))


def without_routes(app: FastAPI) -> FastAPI:
    """Return *app* as one that knows no path any more: what it answers now, it has kept."""
    app.router.routes.clear()
    return app


def readiness(probe: Callable[[], HealthReport], clock: Clock) -> FastAPI:
    """Return an application of `/readyz` alone, which asks *probe* and reads *clock*."""
    app, kept = FastAPI(), KeptAnswers(clock)
    question = SingleFlight(
        probe, unanswered=lambda _reason: HealthReport.of(()), deadline_seconds=0.1, clock=clock
    )
    app.include_router(ready_router(question, OperationsToken(None), kept))
    app.add_middleware(AnswerFromKept, kept=kept)
    return app


@pytest.mark.parametrize("state", ["up_to_date", "ahead", "pending"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", PATHS)
def test_kept_answer_is_that_of_routing_byte_by_byte(path: str, method: str, state: str) -> None:
    app = application(state=state)
    routed = sent_by(app, path, method=method)

    kept = sent_by(app, path, method=method)

    assert kept == routed


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", [b"", b"verbose=1&x=%2F"])
def test_probe_is_answered_without_routing(path: str, method: str, query: bytes) -> None:
    app = application(state="pending")
    routed = sent_by(app, path, method=method)

    kept = sent_by(without_routes(app), path, method=method, query=query)

    # Nobody asks for the version with HEAD: its 405 is routed.
    expected = 404 if routed[0]["status"] == 405 else routed[0]["status"]
    assert kept[0]["status"] == expected
    assert kept == routed or expected == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_routed(path: str, method: str) -> None:
    app = application()
    before = sent_by(app, path, method=method)
    sent_by(app, path)

    after = sent_by(app, path, method=method)

    assert after == before
    assert after[0]["status"] == 405


@pytest.mark.parametrize("path", UNSUPPORTED)
def test_other_paths_are_routed(path: str) -> None:
    app = application()
    before = sent_by(app, path)
    for kept in PATHS:
        sent_by(app, kept)

    after = sent_by(app, path)

    assert after == before
    assert after[0]["status"] in {307, 404}


def test_prefix_of_a_proxy_is_part_of_what_is_asked() -> None:
    """`uvicorn --root-path` puts it before the path; without it the path is another one.

    Before 0.33 Starlette took the path for what is behind the prefix, as uvicorn gave it then.
    """
    path = "/api/livez" if Version(starlette.__version__) >= Version("0.33") else "/livez"
    app = application()
    routed = sent_by(app, path, root_path="/api")

    kept = sent_by(without_routes(app), path, root_path="/api")
    bare = sent_by(app, "/api/livez")

    assert kept == routed
    assert (routed[0]["status"], bare[0]["status"]) == (200, 404)


@pytest.mark.parametrize("path", ["/readyz", "/health", "/version"])
def test_details_are_told_to_the_token_alone_whoever_came_before(path: str) -> None:
    app = application(state="pending")

    plain = ask(app, path)
    detailed = ask(app, path, token=OPERATIONS_TOKEN)
    wrong, after = ask(app, path, token="wrong"), ask(app, path)

    assert plain.text == wrong.text == after.text
    assert len(detailed.json()) > len(plain.json())
    assert detailed.headers["content-length"] != plain.headers["content-length"]


@pytest.mark.parametrize("token", [OPERATIONS_TOKEN, "wrong"])
def test_request_with_a_token_is_neither_answered_from_what_is_kept_nor_kept(token: str) -> None:
    app = application()
    headers = [(b"authorization", f"Bearer {token}".encode())]
    sent_by(app, "/readyz", headers=headers)
    sent_by(app, "/livez")

    without_routes(app)
    plain = sent_by(app, "/readyz")
    with_token = sent_by(app, "/livez", headers=headers)

    assert (plain[0]["status"], with_token[0]["status"]) == (404, 404)


def test_middleware_of_a_plugin_sees_every_probe_and_what_it_was_routed_to() -> None:
    seen = Seen()
    app = application(seen)

    answers = [sent_by(app, "/readyz")[0]["headers"] for _ in range(3)]

    marks = [[value for name, value in each if name == b"x-seen"] for each in answers]
    assert marks == [[b"0"], [b"1"], [b"2"]]
    routed, *kept = [
        {name: scope.get(name) for name in ("router", "route", "endpoint", "path_params")}
        for scope in seen.scopes
    ]
    assert routed["endpoint"] is not None
    assert kept == [routed, routed]


def test_middleware_that_begins_to_refuse_refuses_what_is_kept() -> None:
    """Maintenance mode takes an application out of service by this answer."""
    seen = Seen()
    app = application(seen)
    ready = sent_by(app, "/readyz")

    seen.is_closed = True
    refused = sent_by(app, "/readyz")

    assert (ready[0]["status"], refused[0]["status"]) == (200, 503)


def test_middleware_of_the_application_sees_every_probe() -> None:
    app, seen = application(), Seen()
    app.add_middleware(seen)

    for _ in range(2):
        sent_by(app, "/livez")

    assert [scope["path"] for scope in seen.scopes] == ["/livez"] * 2


def test_age_of_what_is_told_is_a_second_in_all() -> None:
    """Neither the time that the check took, nor the bytes that were kept late, come on top."""
    clock, asked = Clock(), []

    def slow() -> HealthReport:
        asked.append(clock.now)
        clock.now += 0.5
        return HealthReport.of(())

    app = readiness(slow, clock)

    for moment in (100.0, 100.9, 100.99, 101.0, 101.99, 102.0):
        clock.now = max(clock.now, moment)
        sent_by(app, "/readyz")

    assert asked == [100.0, 101.0, 102.0]


def test_bytes_are_not_kept_for_longer_than_the_answer_that_they_were_made_of() -> None:
    """A HEAD shares the answer to a GET of a while ago, and not its youth."""
    clock = Clock()
    app = readiness(lambda: HealthReport.of(()), clock)
    sent_by(app, "/readyz")
    clock.now += 0.9
    sent_by(app, "/readyz", method="HEAD")

    clock.now += 0.1

    assert sent_by(without_routes(app), "/readyz", method="HEAD")[0]["status"] == 404


@pytest.mark.parametrize("took_seconds", [1.0, 3600.0])
def test_answer_that_took_a_second_is_not_kept(took_seconds: float) -> None:
    clock = Clock()

    def slow() -> HealthReport:
        clock.now += took_seconds
        return HealthReport.of(())

    app = readiness(slow, clock)
    sent_by(app, "/readyz")

    assert sent_by(without_routes(app), "/readyz")[0]["status"] == 404


def test_answer_at_the_deadline_is_not_kept() -> None:
    """It knows nothing of the database: the next request asks whether the probe has landed."""
    released = threading.Event()

    def hung() -> HealthReport:
        released.wait(30)
        return HealthReport.of(())

    app = readiness(hung, Clock())
    sent_by(app, "/readyz")
    released.set()

    assert sent_by(without_routes(app), "/readyz")[0]["status"] == 404


def test_websocket_is_no_probe() -> None:
    kept, reached = KeptAnswers(), []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(scope["type"])

    async def nothing(*_: object) -> Any:  # noqa: ANN401 - a receive and a send
        raise AssertionError

    asyncio.run(
        AnswerFromKept(app, kept)({"type": "websocket", "path": "/livez"}, nothing, nothing)
    )
    asyncio.run(AnswerFromKept(app, kept)({"type": "lifespan"}, nothing, nothing))

    assert reached == ["websocket", "lifespan"]
