"""Runs of all kinds reach real receivers, with reason and next step and without a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.mail_server import PASSWORD, MailServer, mail_server, self_signed
from tests.support.many import ONE_AFTER_THE_OTHER, ManyDatabases
from tests.support.webhook import webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.project import Project
    from tests.support.webhook import Webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Serve a webhook that takes everything."""
    with webhook(200) as served:
        yield served


def speaking(project: Project, url: str, form: str = "json") -> Project:
    """Return *project* with the plugin, in *form* to *url*, without the machine's proxy."""
    project.enable("notify")
    project.environment |= {
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "PLUGINS__NOTIFY__URL": url,
        "PLUGINS__NOTIFY__FORMAT": form,
        "PLUGINS__NOTIFY__STATE_PAGE": "https://app.example.org/state",
    }
    return project


def events(hook: Webhook) -> list[dict[str, Any]]:
    return [json.loads(body) for body in hook.bodies]


def test_event_of_a_failed_run_says_why_and_what_to_do(project: Project, hook: Webhook) -> None:
    project.revision("one", "op.execute(\"select nope('canary')\")")

    result = speaking(project, hook.url).migrate("upgrade", "--json")

    event = events(hook)[-1]
    error = result.json["error"]
    assert (event["event"], event["revision"]) == ("run_failed", "one")
    assert event["why"].startswith("UndefinedFunction: ")
    assert event["why"] in error["message"]
    assert event["next_step"] == error["hint"]
    assert event["statement"] == "select nope(?)"
    assert "@" in event["actor"]
    assert "canary" not in str(hook.bodies)


def test_event_of_a_failed_run_names_the_command_that_restores(
    project: Project, hook: Webhook
) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision("two", "op.execute('select nope()')")
    speaking(project, hook.url).enable("backup", "notify")

    result = project.migrate("upgrade", "--json")

    assert f"restore {result.json['backup']['id']}" in events(hook)[-1]["next_step"]


def test_event_of_a_refusal_before_the_record_says_why(project: Project, hook: Webhook) -> None:
    project.revision("one")

    result = speaking(project, hook.url).migrate("upgrade", "--plan", "0" * 64)

    [event] = events(hook)
    assert result.exit_code == 5
    assert (event["event"], event["error_code"]) == ("run_refused", "plan_changed")
    assert event["why"]
    assert event["next_step"]


@pytest.mark.parametrize("form", ["slack", "teams"])
def test_people_hear_of_start_and_end_and_not_of_each_revision(
    project: Project, hook: Webhook, form: str
) -> None:
    project.revision("one")
    project.revision("two")

    result = speaking(project, hook.url, form).migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert [str(body).count("upgrade started") > 0 for body in hook.bodies] == [True, False]
    assert "https://app.example.org/state" in hook.bodies[1].decode()


def test_people_hear_nothing_where_there_is_nothing_to_do(project: Project, hook: Webhook) -> None:
    result = speaking(project, hook.url, "slack").migrate("upgrade")

    assert (result.exit_code, hook.bodies) == (0, [])


def test_named_event_is_told_to_people_too(project: Project, hook: Webhook) -> None:
    speaking(project, hook.url, "slack")
    project.environment["PLUGINS__NOTIFY__EVENTS"] = '["nothing_to_do"]'

    project.migrate("upgrade")

    assert "had nothing to do" in json.loads(hook.bodies[0])["text"]


def test_message_of_a_failed_run_holds_no_password(project: Project, hook: Webhook) -> None:
    """The revision does its worst: it raises the whole URL."""
    project.revision(
        "one", "raise ValueError(op.get_bind().engine.url.render_as_string(False) + ' <!here>')"
    )
    user, rest = project.database_url.split("://")[1].split("@", 1)
    project.environment["DATABASE_URL"] = (
        f"postgresql://{user.split(':')[0]}:kanari3n-p%40ss@{rest}"
    )

    speaking(project, hook.url, "slack").migrate("upgrade")

    text = hook.bodies[-1].decode()
    assert "failed in revision one" in text
    assert "kanari3n" not in text
    assert "<!here>" not in text


def test_failed_run_is_a_card_and_a_mail(project: Project, hook: Webhook, tmp_path: Path) -> None:
    """With TLS and a login, as a provider of mail has it."""
    project.revision("one", "op.execute(\"select nope('canary')\")")
    certificate = self_signed(tmp_path)
    with mail_server(MailServer(certificate, auth="PLAIN")) as server:
        speaking(project, hook.url, "teams").environment |= {
            "SSL_CERT_FILE": str(certificate.file),
            "PLUGINS__NOTIFY__MAIL_TO": '["ops@example.org", "dba@example.org"]',
            "PLUGINS__NOTIFY__MAIL_FROM": "sst@example.org",
            "PLUGINS__NOTIFY__SMTP_URL": server.url(login=True),
            "PLUGINS__NOTIFY__TIMEOUT_SECONDS": "60",
        }

        result = project.migrate("upgrade", "--verbose")

    assert result.exit_code == 1
    assert "DeliveryError" not in result.output
    mail = server.mails[-1]
    assert "upgrade failed in revision one" in mail["Subject"]
    assert "Next: " in mail.get_content()
    assert "State page: https://app.example.org/state" in mail.get_content()
    card = json.loads(hook.bodies[-1])["attachments"][0]["content"]
    assert "upgrade failed in revision one" in card["body"][0]["inlines"][0]["text"]
    said = f"{server.raw}{hook.bodies}{result.output}{project.last_run()}"
    assert PASSWORD not in said
    assert "canary" not in said


def test_mail_server_that_fails_changes_nothing_and_shows_no_password(project: Project) -> None:
    project.revision("one")
    with mail_server(MailServer(auth="PLAIN", answers={"AUTH": f"535 {PASSWORD}"})) as server:
        project.enable("notify")
        project.environment |= {
            "PLUGINS__NOTIFY__MAIL_TO": '["ops@example.org"]',
            "PLUGINS__NOTIFY__MAIL_FROM": "sst@example.org",
            "PLUGINS__NOTIFY__SMTP_URL": server.url(login=True, query="?starttls=off"),
            "PLUGINS__NOTIFY__TIMEOUT_SECONDS": "60",
            "PLUGINS__NOTIFY__EVENTS": '["run_succeeded"]',
        }

        result = project.migrate("upgrade", "--debug")

    assert (result.exit_code, project.current_revision()) == (0, "one")
    assert "refused the login (535)" in result.stderr
    assert PASSWORD not in f"{result.output}{project.last_run()}"


FAILS_WHERE_BROKEN = """
op.execute("do $$ begin if to_regclass('broken') is not null then raise 'broken'; end if; end $$")
"""


@pytest.fixture
def many(project: Project, make_database: Callable[[], str]) -> ManyDatabases:
    """Return three databases; the revision fails on t1."""
    project.revision("one", FAILS_WHERE_BROKEN)
    found = ManyDatabases.create(project, make_database, 3)
    found.query("t1", "create table broken (id int)")
    return found


@pytest.mark.parametrize(
    ("rollouts", "kinds"),
    [
        ("summary", ["rollout_failed"]),
        ("failures", ["run_failed", "rollout_failed"]),
        (
            "all",
            [
                *("run_started", "revision_applied", "run_succeeded"),
                *("run_started", "run_failed"),
                "rollout_failed",
            ],
        ),
    ],
)
def test_rollout_sends_one_message_at_its_end_and_more_where_it_is_asked(
    many: ManyDatabases, hook: Webhook, rollouts: str, kinds: list[str]
) -> None:
    speaking(many.project, hook.url).environment["PLUGINS__NOTIFY__ROLLOUTS"] = rollouts

    result = many.project.migrate("upgrade", "--all", *ONE_AFTER_THE_OTHER)

    assert result.exit_code == 5
    assert [each["event"] for each in events(hook)] == kinds
    last = events(hook)[-1]
    assert last["message"] == "3 targets: 1 done, 1 failed, 1 skipped"
    assert (last["database"], last["error_code"]) == ("", "rollout_stopped")
    first, named = last["why"].splitlines()
    assert first == "Stopped: 1 failure, and --max-failures is 0."
    assert named.startswith("t1: ")
    assert "broken" in named
    assert "--resume" in last["next_step"]
    assert last["duration_ms"] > 0
    own = [each for each in events(hook) if each["one_of_many"]]
    assert {each["target"] for each in own} <= {"t0", "t1"}
    assert len(own) == len(kinds) - 1


def test_good_rollout_is_one_message_and_one_with_nothing_to_do_is_none(
    many: ManyDatabases, hook: Webhook
) -> None:
    speaking(many.project, hook.url, "slack")
    words = ("upgrade", "--targets", "t[02]", *ONE_AFTER_THE_OTHER)

    many.project.migrate(*words)
    many.project.migrate(*words)

    [message] = events(hook)
    assert "upgrade of many databases succeeded" in message["text"]
    assert "2 targets: 2 done" in message["text"]


def test_message_of_one_target_names_it(many: ManyDatabases, hook: Webhook) -> None:
    speaking(many.project, hook.url, "slack")

    many.project.migrate("upgrade", "--target", "t1")

    text = events(hook)[-1]["text"]
    assert "upgrade failed in revision one (t1: " in text
    assert "`python migrate.py --target t1 check`" in text


def test_rollout_is_one_mail_and_holds_no_password(many: ManyDatabases, hook: Webhook) -> None:
    many.project.revision("two", f"raise RuntimeError('{PASSWORD}')")
    many.project.environment["OPERATIONS_TOKEN"] = PASSWORD
    words = ("upgrade", "--all", "--max-failures", "9", *ONE_AFTER_THE_OTHER)

    with mail_server(MailServer()) as server:
        speaking(many.project, hook.url, "teams").environment |= {
            "PLUGINS__NOTIFY__MAIL_TO": "ops@example.org",
            "PLUGINS__NOTIFY__MAIL_FROM": "sst@example.org",
            "PLUGINS__NOTIFY__SMTP_URL": server.url(),
            "PLUGINS__NOTIFY__TIMEOUT_SECONDS": "60",
        }
        result = many.project.migrate(*words)

    assert result.exit_code == 1, result.output
    [mail] = server.mails
    assert "upgrade of many databases failed" in mail["Subject"]
    assert "3 targets: 3 failed" in mail.get_content()
    assert len(hook.bodies) == 1
    assert PASSWORD not in f"{server.raw}{hook.bodies}{result.output}"
