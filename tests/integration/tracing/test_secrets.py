"""No secret leaves by a trace: not in a statement, an error, an address, nor a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.fake_runtime import CANARY

if TYPE_CHECKING:
    from tests.support.otlp_receiver import Receiver
    from tests.support.project import Project

OWN = """
    from pydantic import BaseModel, SecretStr
    from sst.hooks import hookimpl, trace_span

    class Config(BaseModel):
        token: SecretStr = SecretStr("canary-secret")

    class Plugin:
        def __init__(self, config):
            self.token = config.token.get_secret_value()

        @hookimpl
        def pre_migrate(self, run):
            with trace_span(f"upload {self.token}", {"url": f"https://a:{self.token}@host/"}):
                raise RuntimeError(f"the token {self.token} was refused")
"""


def test_password_in_a_statement_is_not_sent(project: Project, receiver: Receiver) -> None:
    project.revision(
        "r1",
        f"op.execute(\"create role missing_rights password '{CANARY}' in role no_such_role\")",
    )

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 1
    text = receiver.named("CREATE ROLE missing_rights").attributes["db.query.text"]
    assert text == "create role missing_rights password ? in role no_such_role"
    assert CANARY not in receiver.told()


def test_value_that_the_server_quotes_is_not_sent(project: Project, receiver: Receiver) -> None:
    project.revision("r1", f"op.execute(\"select '{CANARY}'::int\")")

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 1
    assert receiver.named("SELECT").attributes["error.type"] == "22P02"
    assert CANARY not in receiver.told()


def test_password_of_the_database_is_not_sent(project: Project, receiver: Receiver) -> None:
    url = f"postgresql://nobody:{CANARY}@127.0.0.1:1/shop"

    done = project.migrate("upgrade", **receiver.environment, DATABASE_URL=url)

    assert done.exit_code == 75, done.stderr
    assert receiver.named("run upgrade").attributes["server.address"] == "127.0.0.1"
    assert CANARY not in receiver.told()


def test_secret_of_a_plugin_is_masked_in_what_it_sends_itself(
    project: Project, receiver: Receiver
) -> None:
    project.plugin("own", OWN)
    project.enable("own")
    project.revision("r1")

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 5, done.stderr
    assert "was refused" in receiver.named("pre_migrate own").message
    assert CANARY not in receiver.told()


def test_headers_are_in_no_line_and_no_span(project: Project, receiver: Receiver) -> None:
    """Not either where they are malformed: OpenTelemetry's own warning quotes them."""
    for headers in (f"authorization=Bearer {CANARY}", f"{CANARY}", f"a={CANARY}%0A"):
        done = project.migrate(
            "current",
            "--debug",
            **receiver.environment,
            OTEL_EXPORTER_OTLP_HEADERS=headers,
            LOG_LEVEL="DEBUG",
            DEBUG="true",
        )
        assert done.exit_code == 0
        assert CANARY not in done.stderr + done.stdout + receiver.told()


def test_statement_is_cut_before_it_is_sent(project: Project, receiver: Receiver) -> None:
    project.revision("r1", "op.execute('select ' + 'relname, ' * 1000 + 'oid from pg_class')")

    done = project.migrate("upgrade", **receiver.environment)

    assert done.exit_code == 0, done.stderr
    assert len(receiver.named("SELECT").attributes["db.query.text"]) <= 1000
