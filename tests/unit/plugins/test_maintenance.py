"""What a request meets, what the watch makes of silence, and how the flag is held up."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from plugins.maintenance import Config, Plugin
from plugins.maintenance.holding import held
from plugins.maintenance.middleware import Maintenance
from plugins.maintenance.watch import Watch
from sst.errors import ConfigError, DatabaseUnreachableError
from sst.hooks import Veto
from sst.hooks.manager import Contribution
from sst.web import create_app
from tests.support.fake_runtime import fake_runtime
from tests.support.forks import wait_until
from tests.support.plugin_project import a_run, an_application
from tests.support.web import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message

    from sst.db.url import DatabaseUrl

    Watched = Callable[..., Watch]

OPEN = ("/livez", "/health")


class FakeFlag:
    """A flag that remembers; *failing* names the calls that raise."""

    place = "a test"

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.calls: list[str] = []

    def keep_up(self) -> None:
        """Remember a raise or a renewal."""
        self._do("keep_up")

    def take_down(self) -> None:
        """Remember the end."""
        self._do("take_down")

    def _do(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            raise OSError("no way there\nin detail")


class FakeLook:
    """Answers what *answer* returns, and counts."""

    place = "a test"

    def __init__(self, answer: Callable[[], bool] = lambda: True) -> None:
        self.answer = answer
        self.questions = 0
        self.is_closed = threading.Event()

    def is_up(self) -> bool:
        """Answer one question."""
        self.questions += 1
        return self.answer()

    def close(self) -> None:
        """Remember it."""
        self.is_closed.set()


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Return a function that starts a watch, which is stopped at the end."""
    made: list[Watch] = []

    def start(look: FakeLook, **options: Any) -> Watch:
        made.append(Watch(look, **options))
        made[-1].start()
        made[-1].wait_for_first_look(10)
        return made[-1]

    yield start
    for watch in made:
        watch.stop()
    # One that is still at work would log into the next test.
    for thread in threading.enumerate():
        if thread.name == "maintenance":
            thread.join(10)


def served(watch: Watch) -> FastAPI:
    """Return the application with the middleware on *watch*."""

    def make(app: ASGIApp) -> ASGIApp:
        return Maintenance(app, watch, OPEN, 30)

    return create_app(fake_runtime(middleware=(Contribution("maintenance", make),)))


def converse(watch: Watch, scope: dict[str, Any]) -> list[Message]:
    """Return what the middleware sends on *scope*; the application inside sends nothing."""
    sent: list[Message] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:  # noqa: ANN401 - any ASGI
        await send({"type": "from the application"})

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Maintenance(app, watch, OPEN, 30)(scope, receive, send))
    return sent


def test_refusal_has_the_shape_of_every_other_problem(watched: Watched) -> None:
    """A client that understands one of our 503 understands them all."""

    def fails() -> None:
        raise DatabaseUnreachableError(what="x")

    app = served(watched(FakeLook()))
    open_app = create_app(fake_runtime())
    open_app.add_api_route("/fails", fails)

    refused, ours = ask(app, "/version"), ask(open_app, "/fails")

    assert (refused.status_code, ours.status_code) == (503, 503)
    assert list(refused.json()) == list(ours.json())
    assert refused.json()["detail"] == "Down for maintenance; try again in 30 seconds."
    assert refused.headers["content-type"] == ours.headers["content-type"]
    assert refused.headers["retry-after"] == "30"
    assert set(ours.headers) <= set(refused.headers)


@pytest.mark.parametrize("path", OPEN)
def test_open_paths_are_answered_as_ever(watched: Watched, path: str) -> None:
    response = ask(served(watched(FakeLook())), path)

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/livez/", "/livezz", "/readyz", "/nowhere", "/docs"])
def test_every_other_path_is_closed(watched: Watched, path: str) -> None:
    response = ask(served(watched(FakeLook())), path)

    assert response.status_code == 503


def test_path_behind_a_proxys_prefix_is_the_same_path(watched: Watched) -> None:
    watch = watched(FakeLook())
    scope = {"type": "http", "path": "/api/livez", "root_path": "/api"}

    assert converse(watch, scope) == [{"type": "from the application"}]


def test_websocket_is_refused_with_the_same_problem_or_closed(watched: Watched) -> None:
    watch = watched(FakeLook())
    able: dict[str, Any] = {"websocket.http.response": {}}

    told = converse(watch, {"type": "websocket", "path": "/ws", "extensions": able})
    closed = converse(watch, {"type": "websocket", "path": "/ws"})

    assert [message["type"] for message in told] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert told[0]["status"] == 503
    assert closed == [{"type": "websocket.close", "code": 1013}]


def test_requests_share_the_questions_of_one_thread(watched: Watched) -> None:
    look = FakeLook(lambda: False)
    app = served(watched(look, every_seconds=600))

    codes = {ask(app, "/version").status_code for _ in range(20)}

    assert codes == {200}
    assert look.questions == 1


def test_answer_counts_for_a_while_and_then_requests_are_served(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that hangs while the flag is up must not keep the application down for ever."""
    now, over = [0.0], threading.Event()
    answers = [True]

    def answer() -> bool:
        return answers.pop() if answers else over.wait(60)

    look = FakeLook(answer)
    watch = watched(look, every_seconds=0.01, stale_seconds=5.0, clock=lambda: now[0])
    wait_until(lambda: look.questions == 2, "the second question hangs")
    seen = []
    for now[0] in (0.0, 4.9, 5.0, 60.0, 61.0):
        seen.append(watch.is_up())
    over.set()

    assert seen == [True, True, False, False, False]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "the maintenance flag in a test cannot be read (no answer); requests are served"
    ]


def test_outage_is_logged_once_and_its_end_too(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sst.maintenance")
    failures = [OSError("down")] * 3

    def answer() -> bool:
        if failures:
            raise failures.pop()
        return False

    look = FakeLook(answer)
    watched(look, every_seconds=0.01)
    wait_until(lambda: look.questions > 5, "it is asked again")

    assert [record.message for record in caplog.records] == [
        "the maintenance flag in a test cannot be read (down); requests are served",
        "the maintenance flag in a test can be read again",
    ]


def test_first_request_starts_the_watch_where_the_server_has_no_lifespan() -> None:
    look = FakeLook()
    watch = Watch(look)
    app = served(watch)

    wait_until(lambda: ask(app, "/version").status_code == 503, "the flag is seen")
    watch.stop()

    assert look.is_closed.wait(10)


def test_lifespan_looks_before_the_first_request_and_closes_after_the_last() -> None:
    look = FakeLook()
    watch = Watch(look)
    app = served(watch)
    script: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    seen = []

    async def receive() -> Message:
        seen.append(watch.is_up())
        return script.pop(0)

    async def send(_message: Message) -> None:
        return None

    asyncio.run(app({"type": "lifespan", "state": {}}, receive, send))

    assert seen == [True, True]
    assert look.is_closed.wait(10)


def test_flag_goes_up_before_the_block_and_down_after_it_whatever_happens() -> None:
    flag = FakeFlag()

    with pytest.raises(OSError, match="revision"), held(flag, 60, 0):
        _fail(flag.calls)

    assert flag.calls == ["keep_up", "take_down"]


def _fail(calls: list[str]) -> None:
    """Fail as a revision does, after the flag is up."""
    assert calls == ["keep_up"]
    raise OSError("revision")


def test_flag_that_cannot_be_raised_is_a_veto_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flag = FakeFlag("keep_up", "take_down")

    with pytest.raises(Veto) as raised, held(flag, 60, 0):
        pytest.fail("the block must not begin")

    assert flag.calls == ["keep_up", "take_down"]
    assert caplog.records == []

    assert raised.value.reason == ("the maintenance flag in a test cannot be raised: no way there")


def test_flag_that_cannot_be_taken_down_does_not_fail_a_run_that_succeeded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with held(FakeFlag("take_down"), 60, 0):
        pass

    assert "could not be taken down (no way there); it expires within 60 s" in caplog.text


def test_renewals_go_on_after_one_has_failed_and_are_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flag = FakeFlag()

    with held(flag, 0.03, 0):
        flag.failing.add("keep_up")
        wait_until(lambda: len(flag.calls) > 5, "it is renewed")
        flag.failing.clear()

    assert caplog.text.count("could not be renewed: no way there") == 1


def test_missing_package_is_named_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a migration would find the application at work, and nobody would know why."""
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    url = SecretStr("redis://:canary@127.0.0.1:1/0")
    plugin = Plugin(Config())

    with pytest.raises(Veto) as refused, plugin.around_migrate(a_run(redis_url=url)):
        pytest.fail("the block must not begin")
    with pytest.raises(ConfigError) as unbuilt:
        plugin.register_middleware(an_application(redis_url=url))

    assert "needs the package redis" in refused.value.reason
    assert "pip install 'redis>=5'" in refused.value.hint
    assert "REDIS_URL: the plugin maintenance needs the package redis" in str(unbuilt.value)


def test_unreadable_redis_url_is_not_quoted() -> None:
    with pytest.raises(ConfigError) as raised:
        Plugin(Config()).register_middleware(
            an_application(redis_url=SecretStr("rediz://:canary@h"))
        )

    assert "is not a URL" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_building_the_application_asks_for_no_database() -> None:
    """An embedded server would be started by it."""

    def resolve() -> DatabaseUrl:
        pytest.fail("asked while the application is built")

    [make] = Plugin(Config()).register_middleware(an_application(database_url=resolve))

    assert callable(make)
