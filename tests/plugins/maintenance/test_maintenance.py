"""The application answers 503 while a run is at work, and only then."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.served import serve_project
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from tests.support.forks import Running
    from tests.support.project import Project
    from tests.support.served import Served

_WORK = "/version"
_LIFE_SECONDS = 1.0
_BRIEF = {"PLUGINS__MAINTENANCE__TTL_SECONDS": str(_LIFE_SECONDS)}
_WAITS = """
    select 1 from pg_locks l join pg_database d on d.oid = l.database
    where not granted and datname = current_database()
"""


def serves(served: Served) -> bool:
    """Say whether an ordinary request is answered."""
    return served.get(_WORK).status_code == 200


def is_down(served: Served) -> bool:
    """Say whether an ordinary request meets maintenance."""
    return served.get(_WORK).status_code == 503


def at_work(project: Project, *words: str) -> Running:
    """Start an upgrade and return while its first revision is at work."""
    run = project.start("upgrade", *words)
    wait_until(lambda: (project.root / "reached").exists() or run.has_ended, "a revision runs")
    assert not run.has_ended, run.printed()
    return run


def go_on(project: Project) -> None:
    """Let the revision that waits come to its end."""
    (project.root / "go").touch()


@pytest.mark.usefixtures("place")
def test_application_is_down_exactly_while_the_steps_run(waiting: Project) -> None:
    with serve_project(waiting) as served:
        before = served.get(_WORK)
        run = at_work(waiting)
        wait_until(lambda: is_down(served), "maintenance begins")
        answers = {path: served.get(path) for path in (_WORK, "/livez", "/health", "/readyz", "/")}
        go_on(waiting)
        finished = run.finish()
        wait_until(lambda: serves(served), "maintenance is over")

    assert before.status_code == 200
    assert finished.exit_code == 0, finished.output
    assert "maintenance begins" in finished.stderr
    assert {path: answer.status_code for path, answer in answers.items() if path != "/health"} == {
        _WORK: 503,
        "/livez": 200,
        "/readyz": 503,
        "/": 503,
    }
    assert answers["/health"].headers["content-type"] == "application/health+json"
    refused = answers[_WORK]
    assert refused.headers["retry-after"] == "7"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert refused.json()["code"] == "maintenance"


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_flag_falls_by_itself_when_its_run_has_died(
    waiting: Project, number: signal.Signals
) -> None:
    """A stopped process stands for a machine that is gone: nothing closes its connections."""
    waiting.environment |= _BRIEF
    with serve_project(waiting) as served:
        run = at_work(waiting)
        wait_until(lambda: is_down(served), "maintenance begins")
        run.signal(number)
        wait_until(lambda: serves(served), "maintenance is over")
        with suppress(ProcessLookupError):
            run.signal(signal.SIGKILL)
        run.finish()


@pytest.mark.usefixtures("place")
def test_long_step_outlives_the_flag_that_is_renewed(waiting: Project) -> None:
    """The run's own thread waits for the server meanwhile.

    The flag may fall for a moment where the machine has no time for its renewal; it comes back.
    """
    waiting.environment |= _BRIEF
    waiting.settings["migrate.lock_timeout"] = "60"
    waiting.query("create table held ()")
    waiting.revision("two", "op.execute('lock table held')")
    go_on(waiting)
    with serve_project(waiting) as served, other_session(waiting, "lock table held") as other:
        run = at_work(waiting)
        wait_until(lambda: waiting.query(_WAITS), "the second revision waits")
        dead_at = time.monotonic() + 2.5 * _LIFE_SECONDS
        wait_until(lambda: time.monotonic() > dead_at and is_down(served), "the flag lives on")
        other.end()
        finished = run.finish()

    assert finished.exit_code == 0, finished.output


@pytest.mark.usefixtures("place")
def test_failed_run_and_the_next_one_leave_no_flag(waiting: Project) -> None:
    waiting.revision("two", "op.execute('select 1/0')")
    go_on(waiting)
    with serve_project(waiting) as served:
        codes = [waiting.migrate("upgrade").exit_code for _ in range(2)]
        wait_until(lambda: serves(served), "maintenance is over")

    assert codes == [1, 1]


def test_flag_in_the_database_is_no_change_of_it(waiting: Project) -> None:
    """Nothing to grant, to compare, to dump or to clean up."""
    objects = "select array_agg(oid::text order by oid) from pg_class"
    go_on(waiting)
    waiting.enable()
    waiting.environment.clear()
    assert waiting.migrate("upgrade").exit_code == 0
    before = waiting.query(objects)
    waiting.enable("maintenance")
    waiting.settings["plugins.maintenance.settle_seconds"] = "0"
    waiting.revision("two", "pass")

    upgrade, check = waiting.migrate("upgrade"), waiting.migrate("check")

    assert (upgrade.exit_code, check.exit_code) == (0, 0), upgrade.output + check.output
    assert "in the database is up" in upgrade.stderr
    assert waiting.query(objects) == before


def test_run_whose_flag_cannot_be_raised_is_refused(waiting: Project, refusing_port: int) -> None:
    waiting.environment["REDIS_URL"] = f"redis://:canary-p4ss@127.0.0.1:{refusing_port}/0"

    result = waiting.migrate("upgrade", "--json")

    assert result.exit_code == 5, result.output
    assert "the maintenance flag in Redis" in result.json["error"]["message"]
    assert "plugins.enabled" in result.json["error"]["hint"]
    assert "canary" not in result.output
    assert waiting.current_revision() is None


def test_hung_redis_holds_no_request(waiting: Project, silent_port: int) -> None:
    waiting.environment["REDIS_URL"] = f"redis://:canary-p4ss@127.0.0.1:{silent_port}/0"

    with serve_project(waiting) as served:
        answers = [served.timed(_WORK) for _ in range(40)]
        wait_until(lambda: "cannot be read" in served.printed(), "the outage is logged")
        served.get_all([_WORK] * 20)
        served.stop()
        printed = served.printed()

    assert {answer.response.status_code for answer in answers} == {200}
    # The first one waits for the start; a request that asked would wait for both tries.
    assert sorted(answer.seconds for answer in answers[1:])[len(answers) // 2] < 1
    assert printed.count("cannot be read") == 1
    assert "canary" not in printed
