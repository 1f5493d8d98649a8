"""A receiver that is down, hangs, refuses or dies changes nothing of a run but one warning."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.otlp_receiver import receiving

if TYPE_CHECKING:
    from tests.support.otlp_receiver import Receiver
    from tests.support.project import Project

WARNING = "WARNING sst.tracing  traces: "
SHORT = {"OTEL_BSP_EXPORT_TIMEOUT": "300"}
LONG = {"OTEL_BSP_EXPORT_TIMEOUT": "120000"}


@pytest.fixture
def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def applied(project: Project, **environment: str) -> str:
    """Apply one revision, and return what it printed to stderr; it must have gone well."""
    project.revision("r1", "op.execute('create table worker (id int)')")
    done = project.migrate("upgrade", "--json", **environment)
    assert done.exit_code == 0, done.stderr
    assert done.json["after"] == "r1"
    assert project.current_revision() == "r1"
    return done.stderr


def test_receiver_that_is_down_is_one_warning(project: Project, free_port: int) -> None:
    endpoint = f"http://canary-user:canary-word@127.0.0.1:{free_port}"

    told = applied(project, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **SHORT)

    assert told.count(WARNING) == 1
    assert told.count("WARNING") == 1
    assert "canary" not in told


def test_receiver_that_refuses_is_one_warning(project: Project, receiver: Receiver) -> None:
    receiver.status = 500

    told = applied(project, **receiver.environment)

    assert told.count(WARNING) == 1
    assert "spans were not taken" in told


def test_receiver_that_hangs_is_given_up(project: Project, receiver: Receiver) -> None:
    receiver.hangs = True

    told = applied(project, **receiver.environment, **SHORT)

    assert told.count(WARNING) == 1
    assert "within 0.3 s" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_wait_and_keeps_the_exit_code(
    project: Project, receiver: Receiver, number: signal.Signals
) -> None:
    receiver.hangs = True
    slow = {"OTEL_EXPORTER_OTLP_TIMEOUT": "100"}
    running = project.start("current", **receiver.environment, **LONG, **slow)
    assert receiver.asked.wait(60)

    running.signal(number)
    done = running.finish()

    assert done.exit_code == 0, done.stderr
    assert "a signal came" in done.stderr


def test_receiver_that_dies_during_a_run_is_one_warning(project: Project) -> None:
    go = project.root / "go"
    project.revision(
        "r1",
        f"""
        op.execute("create table worker (id int)")
        while not os.path.exists({str(go)!r}):
            time.sleep(0.02)
        """,
    )
    early = {"OTEL_BSP_SCHEDULE_DELAY": "50", **SHORT}
    with receiving() as receiver:
        running = project.start("upgrade", **receiver.environment, **early)
        wait_until(lambda: receiver.all_named("lock"), "spans are sent while the run works")

    go.touch()
    done = running.finish()

    assert done.exit_code == 0, done.stderr
    assert done.stderr.count(WARNING) == 1
    assert project.last_run()["outcome"] == "succeeded"


def test_interrupted_run_is_sent_with_its_outcome(project: Project, receiver: Receiver) -> None:
    project.revision("r1", "op.execute('select pg_sleep(600)')")
    early = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
    running = project.start("upgrade", **receiver.environment, **early)
    wait_until(lambda: receiver.all_named("lock"), "the run is at work")

    running.signal(signal.SIGTERM)
    done = running.finish()

    run = receiver.named("run upgrade")
    assert done.exit_code == 143, done.stderr
    assert run.attributes["error.type"] == "interrupted"
    assert receiver.named("migrate.py upgrade").attributes["process.exit.code"] == 143


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"),
        ({"OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": "canary"}, "do not fit"),
    ],
)
def test_variable_that_cannot_be_served_is_one_warning(
    project: Project, receiver: Receiver, environment: dict[str, str], word: str
) -> None:
    told = applied(project, **receiver.environment, **environment)

    assert told.count("WARNING sst.tracing  no traces: ") == 1
    assert word in told
    assert "canary" not in told
    assert receiver.spans == []
