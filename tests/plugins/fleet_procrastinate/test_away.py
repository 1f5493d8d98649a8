"""The queue goes away in the middle of a rollout: nothing is lost, and nobody hangs."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.plugins.fleet_procrastinate.conftest import (
    ALL_DONE,
    GATED,
    ONCE,
    STALLED_AFTER,
    Fleet,
    done,
    make_fleet,
)
from tests.support.forks import wait_until
from tests.support.hurt_server import hurt_server
from tests.support.silent_proxy import silent_proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.testing import Outcome
    from sst.testing.project.processes import Running
    from tests.support.hurt_server import HurtServer
    from tests.support.project import Project

SESSIONS = """
    select count(pg_terminate_backend(pid)) from pg_stat_activity
    where application_name = 'sst-fleet' and datname = current_database()
"""
OLDER = """
    select count(*) from procrastinate_events
    where type = 'started' and at < clock_timestamp() - interval '{0} seconds'
"""
STAYS = {"PLUGINS__FLEET_PROCRASTINATE__STALLED_AFTER_SECONDS": "60"}
"""A call that bears an outage for which workers are taken for dead."""


@pytest.fixture(scope="module")
def queue_server() -> Iterator[HurtServer]:
    """Return a server that has the queue alone, and may be hurt."""
    with hurt_server() as server:
        yield server


@pytest.fixture
def apart(
    project: Project, make_database: Callable[[], str], queue_server: HurtServer
) -> Iterator[Fleet]:
    """Return four databases, and a queue on a server of its own."""
    project.revision("one", GATED)
    targets = {name: make_database() for name in "abcd"}
    found = make_fleet(project, targets, queue_server.databases.create_database())
    yield found
    found.end()


def resumed(fleet: Fleet) -> Outcome:
    """Return what `--resume` has brought."""
    fleet.go()
    return fleet.start("upgrade", "--resume").finish(120)


def assert_gave_up(result: Outcome) -> None:
    """Fail unless the call ended in words, because the queue was away."""
    assert result.exit_code == 75, result.output
    assert result.json["error"]["code"] == "database_unreachable"
    assert "does not answer" in result.json["error"]["message"]
    assert "--resume" in result.json["error"]["hint"]
    assert set(done(result).values()) == {"lost"}
    assert "Traceback" not in result.output


def assert_waited(worker: Running) -> None:
    """Fail unless *worker* has said once that the queue was away, and once that it is back."""
    printed = worker.printed()
    assert printed.count("the queue does not answer, it is waited for: ") == 1, printed
    assert printed.count("the queue answers again") == 1
    assert "Traceback" not in printed


def test_server_that_restarts_changes_nothing(apart: Fleet, queue_server: HurtServer) -> None:
    apart.worker(2)
    call = apart.start("upgrade")
    apart.await_begun(2)

    queue_server.restart()
    apart.go()
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output
    assert apart.steps() == ONCE


def test_terminated_sessions_change_nothing(fleet: Fleet) -> None:
    fleet.worker(2)
    call = fleet.start("upgrade")
    fleet.await_begun(2)

    for _ in range(3):
        assert fleet.fact(SESSIONS)
        wait_until(lambda: fleet.fact(SESSIONS.replace("pg_terminate_backend", "")), "they return")
    fleet.go()
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output
    assert {each["attempts"] for each in result.json["targets"].values()} == {1}
    assert fleet.steps() == ONCE


def test_server_that_stays_away_ends_the_call_and_workers_go_on(
    apart: Fleet, queue_server: HurtServer
) -> None:
    worker = apart.worker(2)
    call = apart.start("upgrade")
    apart.await_begun(2)

    with stopped(queue_server):
        gave_up = call.finish()
    result = resumed(apart)

    assert_gave_up(gave_up)
    assert result.exit_code == 0, result.output
    assert apart.steps() == ONCE
    assert_waited(worker)


def test_silent_network_ends_the_call_and_workers_go_on(fleet: Fleet) -> None:
    """What is sent is acknowledged: keepalives see nothing wrong."""
    with silent_proxy(fleet.queue_url) as proxy:
        fleet.project.environment["PLUGINS__FLEET_PROCRASTINATE__URL"] = proxy.url
        worker = fleet.worker(2)
        call = fleet.start("upgrade")
        fleet.await_begun(2)

        proxy.be_silent()
        gave_up = call.finish()
        proxy.speak()
        result = resumed(fleet)

        assert_gave_up(gave_up)
        assert result.exit_code == 0, result.output
        assert fleet.steps() == ONCE
        assert_waited(worker)
        fleet.end()


def test_second_signal_leaves_a_queue_that_is_away_at_once(
    apart: Fleet, queue_server: HurtServer
) -> None:
    call = apart.start("upgrade", PLUGINS__FLEET_PROCRASTINATE__STALLED_AFTER_SECONDS="3600")
    wait_until(lambda: apart.in_queue("procrastinate_jobs") == 4, "four jobs")

    with stopped(queue_server):
        call.signal(signal.SIGINT)
        wait_until(waited(1), "two that come at once are one")
        call.signal(signal.SIGINT)
        result = call.finish()

    assert result.exit_code == 130, result.output
    assert set(done(result).values()) <= {"lost", "skipped"}


def test_worker_that_ends_while_the_queue_is_away_does_not_hang(
    apart: Fleet, queue_server: HurtServer
) -> None:
    worker = apart.worker()
    wait_until(lambda: apart.in_queue("worker") == 1, "the worker is there")

    with stopped(queue_server):
        wait_until(lambda: "does not answer" in worker.printed(), "it is told")
        worker.signal(signal.SIGTERM)
        result = worker.finish()

    assert result.exit_code == 0, result.output
    assert "Traceback" not in result.output


def test_workers_that_come_back_later_are_not_taken_for_dead(
    apart: Fleet, queue_server: HurtServer
) -> None:
    """The first one that is back sees that all others have not shown themselves for long."""
    apart.worker()
    apart.worker()
    call = apart.start("upgrade", **STAYS)
    apart.await_begun(2)

    with stopped(queue_server):
        wait_until(waited(STALLED_AFTER + 1), "all are stalled")
    wait_until(lambda: apart.fact(OLDER.format(3 * STALLED_AFTER)) == 2, "others could sweep")
    apart.go()
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output
    assert {each["attempts"] for each in result.json["targets"].values()} == {1}
    assert apart.steps() == ONCE


@contextmanager
def stopped(server: HurtServer) -> Iterator[None]:
    """Stop *server*, and start it again at the end."""
    server.stop()
    try:
        yield
    finally:
        server.start()


def waited(seconds: float) -> Callable[[], bool]:
    """Return what is true when so many seconds have passed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end
