"""A mail reaches every recipient a server takes, encrypted where a password is sent, in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from plugins.notify import Config, Plugin
from plugins.notify.delivery import DeliveryError
from sst.hooks import EventKind
from sst.testing import an_event
from tests.support.mail_server import PASSWORD, USER, MailServer, mail_server, self_signed
from tests.support.webhook import webhook

if TYPE_CHECKING:
    from tests.support.mail_server import Certificate

OPS, DBA = "ops@example.org", "dba@example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for `localhost`, which nobody trusts yet."""
    return self_signed(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Return a certificate that OpenSSL is told to trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    return certificate


def notifier(smtp_url: str, *to: str, **settings: Any) -> Plugin:
    """Return the plugin that mails *to* by the server at *url*; patient, for slow machines."""
    config: dict[str, Any] = {
        "mail_to": to or (OPS,),
        "mail_from": "sst@example.org",
        "smtp_url": SecretStr(smtp_url),
        "timeout_seconds": 60,
    }
    return Plugin(Config(**config | settings))


def failure_of(plugin: Plugin) -> str:
    """Return what the plugin says of a delivery that fails."""
    with pytest.raises(DeliveryError) as raised:
        plugin.notify(an_event())
    assert raised.value.__context__ is None
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


def test_mail_says_what_happened() -> None:
    event = an_event(
        EventKind.RUN_FAILED,
        revision="a1",
        message="Révision a1 failed.",
        why="no",
        next_step="go",
    )
    page = "https://app.example.org/state"

    with mail_server() as server:
        notifier(server.url(), state_page=page).notify(event)

    [mail] = server.mails
    assert mail["From"] == "sst@example.org"
    assert mail["To"] == OPS
    assert mail["Subject"] == "testing: upgrade failed in revision a1 (app at db.example)"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail["Date"].datetime == event.at
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert "Révision a1 failed.\n\nWhy: no\n\nNext: go\n\n" in text
    assert "Environment: testing\n" in text
    assert f"State page: {page}\n" in text


def test_mail_is_ascii_on_its_way() -> None:
    """A server without 8BITMIME would refuse or spoil anything else."""
    with mail_server() as server:
        notifier(server.url()).notify(an_event(message="é😀\n.\n" + "x" * 5000, environment="é"))

    assert server.raw[0].isascii()
    assert max(map(len, server.raw[0].splitlines())) < 998
    assert "é😀\n" in server.mails[0].get_content()


@pytest.mark.parametrize("field", ["environment", "command", "database", "revision"])
def test_text_of_others_makes_no_header(field: str) -> None:
    event = an_event(
        EventKind.RUN_FAILED, **{field: "x\r\nBcc: thief@example.org\r\n\r\n.\r\nQUIT"}
    )

    with mail_server() as server:
        notifier(server.url()).notify(event)

    assert server.recipients == [[OPS]]
    assert server.mails[0]["Bcc"] is None
    assert "\n" not in server.mails[0]["Subject"]


def test_one_mail_goes_to_all_recipients() -> None:
    with mail_server() as server:
        notifier(server.url(), OPS, DBA).notify(an_event())

    assert server.recipients == [[OPS, DBA]]
    assert server.mails[0]["To"] == f"{OPS}, {DBA}"


def test_refused_recipient_is_counted_and_the_others_get_the_mail() -> None:
    with mail_server(MailServer(refused=(OPS,))) as server:
        said = failure_of(notifier(server.url(), OPS, DBA))

    assert said == f"mail smtp://localhost:{server.port}: refused 1 of 2 recipients (550)"
    assert server.recipients == [[DBA]]


def test_session_that_ends_at_a_recipient_has_taken_no_mail() -> None:
    """The one before was accepted, and has no mail either."""
    closing = MailServer(refused=(DBA,), answers={"REFUSED": "421 too busy"})
    with mail_server(closing) as server:
        said = failure_of(notifier(server.url(), OPS, DBA))

    assert said.endswith(": closed the session, nobody has the mail (421)")
    assert server.mails == []


def test_all_recipients_refused_is_said() -> None:
    with mail_server(MailServer(refused=(OPS,))) as server:
        said = failure_of(notifier(server.url()))

    assert said.endswith(": refused 1 of 1 recipient (550)")
    assert server.mails == []


@pytest.mark.parametrize("auth", ["PLAIN", "LOGIN", "PLAIN LOGIN"])
def test_password_is_sent_inside_tls(trusted: Certificate, auth: str) -> None:
    with mail_server(MailServer(trusted, auth=auth)) as server:
        notifier(server.url(login=True)).notify(an_event())

    assert server.logins == [(USER, PASSWORD)]
    assert server.words[:2] == ["EHLO", "STARTTLS"]
    assert "*AUTH" in server.words
    assert len(server.mails) == 1


def test_smtps_is_tls_from_the_first_byte(trusted: Certificate) -> None:
    with mail_server(MailServer(trusted, is_tls=True, auth="PLAIN")) as server:
        notifier(server.url(login=True)).notify(an_event())

    assert server.words[0] == "*EHLO"
    assert len(server.mails) == 1


def test_tls_is_taken_where_it_is_offered(trusted: Certificate) -> None:
    with mail_server(MailServer(trusted)) as server:
        notifier(server.url()).notify(an_event())

    assert "*DATA" in server.words


def test_tls_that_is_switched_off_is_not_asked_for(certificate: Certificate) -> None:
    with mail_server(MailServer(certificate)) as server:
        notifier(server.url(query="?starttls=off")).notify(an_event())

    assert "DATA" in server.words


def test_certificate_that_nobody_trusts_gets_no_password(certificate: Certificate) -> None:
    with mail_server(MailServer(certificate, auth="PLAIN")) as server:
        said = failure_of(notifier(server.url(login=True)))

    assert "its certificate is not trusted: self-signed certificate" in said
    assert (server.logins, server.mails) == ([], [])


def test_certificate_of_another_host_gets_no_password(trusted: Certificate) -> None:
    with mail_server(MailServer(trusted, auth="PLAIN")) as server:
        said = failure_of(notifier(server.url(login=True, host="127.0.0.1")))

    assert "its certificate is not trusted: IP address mismatch" in said
    assert server.logins == []


@pytest.mark.parametrize("login", [True, False])
def test_server_that_offers_no_tls_gets_neither_password_nor_mail(*, login: bool) -> None:
    with mail_server(MailServer(auth="PLAIN")) as server:
        said = failure_of(notifier(server.url(login=login, query="?starttls=required")))

    assert said.endswith(": offers no STARTTLS, which the settings require")
    assert (server.logins, server.mails) == ([], [])


def test_password_on_this_machine_may_go_without_tls() -> None:
    with mail_server(MailServer(auth="PLAIN")) as server:
        notifier(server.url(login=True, query="?starttls=off")).notify(an_event())

    assert len(server.mails) == 1


def test_refused_login_shows_no_password_even_if_the_server_does() -> None:
    other = f"smtp://{USER}:kanari3n-wrong@localhost"
    with mail_server(MailServer(auth="PLAIN")) as server:
        said = failure_of(notifier(f"{other}:{server.port}?starttls=off"))

    assert said.endswith(": refused the login (535)")


def test_server_without_a_login_is_told_apart() -> None:
    with mail_server() as server:
        said = failure_of(notifier(server.url(login=True, query="?starttls=off")))

    assert said.endswith(": offers no way to log in that is known here")


@pytest.mark.parametrize(
    ("word", "answer", "reason"),
    [
        ("CONNECT", "554 go away", "refused (554)"),
        ("MAIL", "451 later", "refused the sender (451)"),
        ("DATA", "452 full", "refused the mail (452)"),
        (".", "554 spam", "refused the mail (554)"),
    ],
)
def test_refusal_is_told_by_its_code(word: str, answer: str, reason: str) -> None:
    with mail_server(MailServer(answers={word: answer})) as server:
        said = failure_of(notifier(server.url()))

    assert said.endswith(f": {reason}")


@pytest.mark.parametrize("word", ["CONNECT", "EHLO", "MAIL", "DATA", "."])
def test_dropped_connection_is_said(word: str) -> None:
    with mail_server(MailServer(drops_at=word)) as server:
        said = failure_of(notifier(server.url()))

    assert said.endswith(": closed the connection")


@pytest.mark.parametrize("word", ["CONNECT", "EHLO", "DATA", "."])
def test_hanging_server_is_given_up_within_the_deadline(word: str) -> None:
    started = time.monotonic()

    with mail_server(MailServer(hangs_at=word)) as server:
        said = failure_of(notifier(server.url(), timeout_seconds=0.4))

    assert said.endswith(": no answer in time")
    assert time.monotonic() - started < 30


def test_server_that_never_says_goodbye_has_taken_the_mail() -> None:
    with mail_server(MailServer(hangs_at="QUIT")) as server:
        notifier(server.url()).notify(an_event())

    assert len(server.mails) == 1


def test_mail_is_sent_while_the_webhook_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with mail_server() as server, webhook(0) as hook:
        url = SecretStr(hook.url)
        said = failure_of(notifier(server.url(), url=url, retries=0, timeout_seconds=5))

    assert said == "webhook http://127.0.0.1: no answer in time (1 tries)"
    assert len(server.mails) == 1


def test_webhook_is_called_while_the_mail_server_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with mail_server(MailServer(hangs_at="CONNECT")) as server, webhook(200) as hook:
        said = failure_of(notifier(server.url(), url=SecretStr(hook.url), timeout_seconds=5))

    assert said == f"mail smtp://localhost:{server.port}: no answer in time"
    assert len(hook.bodies) == 1


def test_server_that_is_not_there_is_said() -> None:
    with mail_server() as server:
        pass

    assert failure_of(notifier(server.url())).endswith(": Connection refused")


@pytest.mark.parametrize("kind", [EventKind.REVISION_APPLIED, EventKind.NOTHING_TO_DO])
def test_mail_is_not_sent_of_what_no_person_waits_for(kind: EventKind) -> None:
    with mail_server() as server:
        notifier(server.url()).notify(an_event(kind))
        notifier(server.url(), events=[kind]).notify(an_event(kind))

    assert len(server.mails) == 1
