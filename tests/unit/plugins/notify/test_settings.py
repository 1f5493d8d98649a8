"""The settings refuse what cannot work, and show no secret while they do."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from plugins.notify import Config
from plugins.notify.smtp_url import smtp_server
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


def mail(**over: object) -> dict[str, object]:
    """Return settings of a mail that works."""
    values: dict[str, object] = {
        "mail_to": ["ops@example.org"],
        "mail_from": "sst@example.org",
        "smtp_url": SecretStr("smtp://mail.example.org"),
    }
    return values | over


@pytest.mark.parametrize("missing", ["mail_from", "smtp_url"])
@pytest.mark.parametrize("empty", [None, ""])
def test_mail_without_all_that_it_needs_is_refused(missing: str, empty: str | None) -> None:
    with pytest.raises(ValidationError, match=f"mail_to needs {missing} as well"):
        Config.model_validate(mail(**{missing: empty}))


@pytest.mark.parametrize(
    "address",
    [
        "ops",
        "ops@",
        "@example.org",
        "ops@example.org, thief@example.org",
        "ops@example.org\n",
        "ops@example.org\r\nBcc: thief@example.org",
        "Ops <ops@example.org>",
        '"a b"@example.org',
        "öps@example.org",
        "a..b@example.org",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="number 2 is not an address"):
        Config.model_validate(mail(mail_to=["ops@example.org", address]))
    with pytest.raises(ValidationError, match=r"mail_from\n.*is not an address"):
        Config.model_validate(mail(mail_from=address))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"http://mail/{CANARY}", "is not smtp://host:port"),
        (f"smtp://{CANARY}", ""),
        (f"smtp://user:{CANARY}/x@mail", "is not smtp://host:port"),
        (f"smtp://user:{CANARY}#x@mail", "is not smtp://host:port"),
        (f"smtp://mail:{CANARY}", "is not smtp://host:port"),
        (f"smtp://mail/{CANARY}", "in the password is %2F"),
        (f"smtp://user:{CANARY}é@mail", "is not smtp://host:port"),
        (f"smtp://user:{CANARY}%C3%A9@mail", "other signs than those of ASCII"),
        (f"smtp://:{CANARY}@mail", "needs user and password, or neither"),
        (f"smtp://user:{CANARY}@mail?tls={CANARY}", "other words behind"),
        (f"smtp://user:{CANARY}@mail?starttls=off", "would send the password in plain text"),
        (f"smtp://user:{CANARY}@mail?starttls=offered", "would send the password in plain"),
    ],
)
def test_mail_server_that_cannot_be_is_refused_without_showing_it(url: str, reason: str) -> None:
    if not reason:
        assert CANARY not in repr(Config.model_validate(mail(smtp_url=SecretStr(url))))
        return
    with pytest.raises(ValidationError, match=reason) as raised:
        Config.model_validate(mail(smtp_url=SecretStr(url)))

    assert CANARY not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "port", "starttls"),
    [
        ("smtp://mail", 25, "offered"),
        ("smtp://u:p@mail", 587, "required"),
        ("smtp://u:p@mail:2525", 2525, "required"),
        ("smtp://mail?starttls=required", 25, "required"),
        ("smtp://u:p@127.0.0.1:1025?starttls=off", 1025, "off"),
        ("smtp://u:p@[::1]:1025?starttls=off", 1025, "off"),
        ("smtps://u:p@mail", 465, "required"),
        ("smtps://mail/", 465, "offered"),
    ],
)
def test_mail_server_is_read_with_the_usual_ports(url: str, port: int, starttls: str) -> None:
    server = smtp_server(url)

    assert (server.port, server.starttls) == (port, starttls)


def test_user_and_password_are_decoded() -> None:
    server = smtp_server("smtp://ops%40example.org:p%40ss%2Fw%23rd@mail")

    assert (server.user, server.password) == ("ops@example.org", "p@ss/w#rd")
    assert "p@ss" not in repr(server)
