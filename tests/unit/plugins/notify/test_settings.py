"""The settings refuse what cannot work, and show no secret while they do."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from plugins.notify import Config
from tests.support.webhook import CANARY


def test_default_deadline_is_below_the_observers() -> None:
    """The plugin's own message is better than "no answer within 5 s"."""
    assert Config().timeout_seconds < 5


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


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("app.example.org/state", "is not an http:// or https:// URL"),
        ("javascript:alert(1)", "is not an http:// or https:// URL"),
        ("https://app.example.org/sta te", "is not an http:// or https:// URL"),
        ("https://app.example.org/>|<!channel>", "is not an http:// or https:// URL"),
        ("https://app.example.org/state?token=1", "no user, password, query or fragment"),
        ("https://ops:word@app.example.org/state", "no user, password, query or fragment"),
        ("https://app.example.org/state#x", "no user, password, query or fragment"),
    ],
)
def test_state_page_that_is_no_address_for_everyone_is_refused(page: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Config(state_page=page)


def test_empty_state_page_is_none() -> None:
    """A variable of the environment cannot be unset in a compose file."""
    assert Config(state_page="").state_page is None
