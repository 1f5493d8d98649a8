"""`wait`: quiet, 0 when it is there, 75 when it is not in time, 2 for what waiting cannot cure."""

from __future__ import annotations

import signal
import socket
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.forks import Running
    from tests.support.project import Outcome, Project

LOOKING = """
    select 1 from pg_locks
    where relation = 'alembic_version'::regclass and not granted
        and database = (select oid from pg_database where datname = current_database())
"""


@pytest.fixture
def chain(project: Project) -> Project:
    """One revision, not applied."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    return project


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port that accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """Return a port that nobody listens on, and nobody else can take."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextmanager
def held_look(chain: Project) -> Iterator[Running]:
    """Start a wait for the head, and give it while its look waits for a lock, not between two."""
    chain.query("create table alembic_version (version_num varchar(32) not null)")
    with closing(connect(chain.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("begin; lock table alembic_version in access exclusive mode")
        run = chain.start("wait", "--for", "head", "--timeout", "60")
        wait_until(lambda: chain.query(LOOKING), "the wait looks")
        yield run


def assert_timed_out(result: Outcome, why: str) -> None:
    """Check exit code, code and reason, and that nothing was said but the error."""
    assert result.exit_code == 75, result.output
    assert result.json["error"]["code"] == "wait_timeout"
    assert why in result.json["error"]["message"]
    assert result.json["error"]["hint"]
    assert result.stderr == ""


def test_database_that_answers_is_waited_for_in_silence(chain: Project) -> None:
    result = chain.migrate("wait", "--for", "database")

    assert (result.exit_code, result.output) == (0, "")


def test_database_that_is_not_there_is_given_up(chain: Project, refusing_port: int) -> None:
    url = f"postgresql://u@127.0.0.1:{refusing_port}/x"

    result = chain.migrate("wait", "--timeout", "0.5", "--json", DATABASE_URL=url)

    assert_timed_out(result, "refused")


def test_server_that_never_answers_cannot_hold_up_the_wait(
    chain: Project, silent_port: int
) -> None:
    """What hangs is killed by the test after a minute."""
    url = f"postgresql://u@127.0.0.1:{silent_port}/x"
    patience = {"DATABASE_URL": url, "DB_CONNECT_TIMEOUT": "600"}

    result = chain.migrate("wait", "--timeout", "1", "--json", **patience)

    assert_timed_out(result, "does not answer")


def test_host_that_does_not_resolve_yet_is_waited_for(chain: Project) -> None:
    """The name of a container appears with the container."""
    url = "postgresql://u@not-yet.invalid/x"

    result = chain.migrate("wait", "--timeout", "0.5", "--json", DATABASE_URL=url)

    assert_timed_out(result, "not-yet.invalid")


def test_missing_database_is_a_wrong_configuration_at_once(chain: Project) -> None:
    """What waits is killed by the test after a minute."""
    missing = chain.database_url.replace("/test_", "/absent_")

    result = chain.migrate("wait", "--timeout", "600", "--json", DATABASE_URL=missing)

    assert result.exit_code == 2
    assert result.json["error"]["code"] == "configuration_invalid"


def test_unknown_setting_is_a_wrong_configuration(chain: Project) -> None:
    assert chain.migrate("wait", MIGRATE__LOCK_WAITT="3").exit_code == 2


def test_head_is_not_there_while_a_revision_is_pending(chain: Project) -> None:
    result = chain.migrate("wait", "--for", "head", "--timeout", "0.5", "--json")

    assert_timed_out(result, "1 revision is pending")
    assert result.json["state"] is None
    assert chain.query("select to_regclass('alembic_version'), to_regnamespace('migrator')") == [
        (None, None)
    ]


def test_wait_for_head_ends_when_somebody_migrates(chain: Project) -> None:
    with held_look(chain) as run:
        pass

    chain.migrate("upgrade")

    end = run.finish()
    assert (end.exit_code, end.output) == (0, "")


def test_database_that_is_ahead_is_there(chain: Project) -> None:
    chain.migrate("upgrade")
    chain.query("update alembic_version set version_num = 'from_the_future'")

    result = chain.migrate("wait", "--for", "head", "--timeout", "0.5", "--json")

    assert (result.exit_code, result.json["state"]) == (0, "ahead")


def test_two_heads_can_never_be_reached(chain: Project) -> None:
    chain.revision("left")
    chain.revision("right", down="one")
    chain.migrate("upgrade", "left")

    result = chain.migrate("wait", "--for", "head", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (6, "several_heads")


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_signal_ends_the_wait(chain: Project, number: signal.Signals, exit_code: int) -> None:
    with held_look(chain) as run:
        run.signal(number)

    assert run.finish().exit_code == exit_code
