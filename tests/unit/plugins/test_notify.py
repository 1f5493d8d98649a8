"""An event becomes a log line and, where a webhook is set, a POST that may fail as it likes."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr, ValidationError

from plugins.notify import Config, DeliveryError, Plugin, log_line
from sst.hooks.contract.events import EventKind
from sst.hooks.contract.run import Backup
from tests.support.plugin_project import an_event

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "s3cret-canary"


@dataclass
class Webhook:
    """A real HTTP server that answers with *statuses* in turn, the last one for ever.

    The status 0 hangs until the test ends.
    """

    statuses: list[int]
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, body: bytes) -> int:
        """Write *body* down and return the status to answer with."""
        self.bodies.append(body)
        status = self.statuses[min(len(self.bodies), len(self.statuses)) - 1]
        if status == 0:
            self.over.wait(60)
        return status or 500


@contextmanager
def webhook(*statuses: int) -> Iterator[Webhook]:
    """Serve a webhook on a free port; its path is a token."""
    hook = Webhook(list(statuses))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.answer(body)
            if hook.over.is_set():
                return
            self.send_response(status)
            self.send_header("Location", f"{hook.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/hook/{CANARY}"
    try:
        yield hook
    finally:
        hook.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the local server directly, whatever the machine's proxy is."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def notifier(url: str | None, **settings: Any) -> Plugin:
    """Return the plugin with *settings*."""
    return Plugin(Config(url=SecretStr(url) if url else None, **settings))


def test_event_is_posted_as_json() -> None:
    event = an_event(before=("a1",), duration_ms=12)

    with webhook(200) as hook:
        notifier(hook.url).notify(event)

    assert [json.loads(body) for body in hook.bodies] == [event.to_dict()]


def test_event_is_one_log_line(caplog: pytest.LogCaptureFixture) -> None:
    event = an_event(before=("a1", "b2"), after=("c3",), duration_ms=1200)

    with caplog.at_level(logging.INFO, logger="sst.notify"):
        notifier(None).notify(event)

    [record] = caplog.records
    assert (record.name, record.levelno) == ("sst.notify", logging.INFO)
    assert record.getMessage() == (
        'run_succeeded message="the database is at a1" run_id=run-1 command=upgrade '
        "environment=testing before=a1,b2 after=c3 duration_ms=1200"
    )


def test_line_of_a_revision_repeats_nothing_of_its_run() -> None:
    event = an_event(EventKind.REVISION_APPLIED, before=("a1",), message="applied b2 Add a table")

    line = log_line(event.to_dict())

    assert line == 'revision_applied message="applied b2 Add a table" run_id=run-1'


@pytest.mark.parametrize(
    "kind", [EventKind.RUN_FAILED, EventKind.RUN_REFUSED, EventKind.RUN_UNHEALTHY]
)
def test_bad_news_is_a_warning(kind: EventKind, caplog: pytest.LogCaptureFixture) -> None:
    """It shows also where LOG_LEVEL hides what went well."""
    notifier(None).notify(an_event(kind))

    assert caplog.records[0].levelno == logging.WARNING


def test_log_line_stays_one_line_and_names_the_backup() -> None:
    backup = Backup("b1", "file:///backups/b1.dump", 10, "f00", verified=True)
    event = an_event(message='line one\nsays "two"', backup=backup)

    line = log_line(event.to_dict())

    assert "\n" not in line
    assert r'message="line one\nsays \"two\""' in line
    assert line.endswith("backup=b1")


def test_only_wanted_events_are_told(caplog: pytest.LogCaptureFixture) -> None:
    with webhook(200) as hook:
        plugin = notifier(hook.url, events=["run_failed"])
        plugin.notify(an_event(EventKind.RUN_SUCCEEDED))
        plugin.notify(an_event(EventKind.RUN_FAILED))

    assert [json.loads(body)["event"] for body in hook.bodies] == ["run_failed"]
    assert len(caplog.records) == 1


def test_passing_failure_is_tried_again() -> None:
    with webhook(500, 429, 200) as hook:
        notifier(hook.url).notify(an_event())

    assert len(hook.bodies) == 3


@pytest.mark.parametrize("retries", [0, 1])
def test_lasting_failure_is_given_up_after_the_tries(retries: int) -> None:
    with webhook(503) as hook, pytest.raises(DeliveryError) as raised:
        notifier(hook.url, retries=retries).notify(an_event())

    assert len(hook.bodies) == retries + 1
    assert str(raised.value).startswith("webhook http://127.0.0.1: HTTP 503")


@pytest.mark.parametrize("status", [400, 404, 410])
def test_final_answer_is_not_tried_again(status: int) -> None:
    with webhook(status) as hook, pytest.raises(DeliveryError, match=f"HTTP {status}"):
        notifier(hook.url).notify(an_event())

    assert len(hook.bodies) == 1


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirect_is_not_followed(status: int) -> None:
    """The event is for the address in the settings, and the token in it for nobody else."""
    with webhook(status, 200) as hook, pytest.raises(DeliveryError, match=f"HTTP {status}"):
        notifier(hook.url).notify(an_event())

    assert len(hook.bodies) == 1


def test_hanging_webhook_is_given_up_within_the_deadline() -> None:
    started = time.monotonic()

    with webhook(0) as hook, pytest.raises(DeliveryError, match="no answer in time"):
        notifier(hook.url, timeout_seconds=0.6).notify(an_event())

    assert time.monotonic() - started < 30


def test_hanging_try_leaves_time_for_the_next() -> None:
    with webhook(0, 200) as hook:
        notifier(hook.url, timeout_seconds=10).notify(an_event())

    assert len(hook.bodies) == 2


def test_default_deadline_is_below_the_observers() -> None:
    """The plugin's own message is better than "no answer within 5 s"."""
    assert Config().timeout_seconds < 5


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/{CANARY}",
        f"http://nowhere.invalid/{CANARY}",
        f"http://127.0.0.1:1/a {CANARY}",
        f"http://user:{CANARY}@127.0.0.1:1/x",
    ],
    ids=["refused", "unknown host", "not a path", "userinfo"],
)
def test_message_never_holds_the_token(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DeliveryError) as raised:
        notifier(url, retries=0, timeout_seconds=2).notify(an_event())

    shown = f"{raised.value} {raised.value!r} {raised.value.__cause__} {caplog.text}"
    assert CANARY not in shown
    assert raised.value.__context__ is None


def test_refused_status_shows_no_token() -> None:
    with webhook(403) as hook, pytest.raises(DeliveryError) as raised:
        notifier(hook.url).notify(an_event())

    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    "url", [f"ftp://host/{CANARY}", f"https:///{CANARY}", CANARY, "http://[x"]
)
def test_url_that_is_no_webhook_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Config(url=SecretStr(url))

    assert "is not an http:// or https:// URL" in str(raised.value)
    assert CANARY not in str(raised.value)


def test_settings_do_not_show_the_token() -> None:
    assert CANARY not in repr(Config(url=SecretStr(f"https://host/{CANARY}")))
