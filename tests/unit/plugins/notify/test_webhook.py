"""A webhook may fail as it likes: it is tried again, given up in time, and never quoted."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from pydantic import SecretStr

from plugins.notify import Config, Plugin
from plugins.notify.delivery import DeliveryError
from sst.hooks.contract.events import EventKind
from tests.support.plugin_project import an_event
from tests.support.webhook import CANARY, webhook


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
