"""The plugin alone: what it sends, to whom, and what it says when a service fails."""

from __future__ import annotations

import logging
import socket
import time

import pytest
from pydantic import ValidationError
from servers import PASSWORD, Mailbox, Webhook
from sst_notify_apprise import Config, Plugin
from sst_notify_apprise.delivery import DeliveryError

from sst.hooks import CheckStatus, EventKind
from sst.testing import FakeInspection, an_event, assert_conforms


def a_plugin(*urls: str, **settings: object) -> Plugin:
    """Return the plugin with *urls* and *settings*."""
    return Plugin(Config.model_validate({"urls": urls, **settings}))


def test_package_keeps_the_contract() -> None:
    assert_conforms("notify_apprise")


def test_failure_reaches_mail_and_webhook(mailbox: Mailbox, webhook: Webhook) -> None:
    event = an_event(EventKind.RUN_FAILED, environment="production", message="revision a1 failed")

    a_plugin(mailbox.url, webhook.url).notify(event)

    [mail], [post] = mailbox.mails, webhook.posts
    assert mail["To"] == "ops@example.com"
    assert mail["Subject"] == post["title"] == "production: run_failed"
    assert "revision a1 failed" in post["message"]
    assert post["type"] == "failure"


def test_words_of_the_settings_are_used(webhook: Webhook) -> None:
    plugin = a_plugin(webhook.url, title="{command} {after}", body="{{{revision}}}")

    plugin.notify(an_event(EventKind.RUN_SUCCEEDED, after=("a1", "b2")))

    assert webhook.posts[0]["title"] == "upgrade a1, b2"
    assert webhook.posts[0]["message"] == "{-}"


@pytest.mark.parametrize(
    ("events", "kind", "count"),
    [
        (["run_failed"], EventKind.RUN_FAILED, 1),
        (["run_failed"], EventKind.RUN_SUCCEEDED, 0),
        ([], EventKind.RUN_STARTED, 1),
    ],
)
def test_only_the_events_of_the_settings_are_sent(
    webhook: Webhook, events: list[str], kind: EventKind, count: int
) -> None:
    a_plugin(webhook.url, events=events).notify(an_event(kind))

    assert len(webhook.posts) == count


def test_service_that_fails_keeps_no_other_from_being_told(webhook: Webhook) -> None:
    """Nobody listens at port 1; the error names the service and nothing of its URL."""
    dead = f"json://robot:{PASSWORD}@127.0.0.1:1/canary-path"

    with pytest.raises(DeliveryError) as caught:
        a_plugin(dead, webhook.url).notify(an_event(EventKind.RUN_FAILED))

    assert str(caught.value) == "1 of 2 services did not take the message: number 1 (JSON)"
    assert len(webhook.posts) == 1


def test_refused_message_is_a_failure(webhook: Webhook) -> None:
    webhook.status = 500

    with pytest.raises(DeliveryError, match="JSON"):
        a_plugin(webhook.url).notify(an_event(EventKind.RUN_FAILED))


def test_service_that_hangs_is_left_behind() -> None:
    """It takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"json://127.0.0.1:{listening.getsockname()[1]}"
        started = time.monotonic()

        with pytest.raises(DeliveryError):
            a_plugin(url, timeout_seconds=0.3).notify(an_event(EventKind.RUN_FAILED))

    assert time.monotonic() - started < 3


def test_apprise_logs_nothing_of_a_url(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    plugin = a_plugin(f"nosuch://robot:{PASSWORD}@host", f"json://x:{PASSWORD}@127.0.0.1:1")

    with pytest.raises(DeliveryError, match=r"number 1, number 2 \(JSON\)"):
        plugin.notify(an_event(EventKind.RUN_FAILED))

    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"title": "{nobody}"}, r"holds \{nobody\}; an event has event, message"),
        ({"title": "{message.__class__}"}, "holds {message.__class__}"),
        ({"body": "{"}, "brace alone"),
        ({"urls": ["canary-password"]}, "number 1 is no URL"),
    ],
)
def test_wrong_setting_is_said_without_its_value(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        Config.model_validate(settings)

    assert PASSWORD not in str(caught.value)


def test_url_that_apprise_does_not_know_fails_the_check() -> None:
    [check] = a_plugin("json://host", "nosuch://host").register_checks()

    result = check.run(FakeInspection())

    assert result.status is CheckStatus.FAIL
    assert "number 2" in result.detail
