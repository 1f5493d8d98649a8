"""The application's pool of connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.pool import QueuePool

from sst.db.pool.measured import MeasuredPool, PoolFigures
from sst.runtime import open_runtime
from tests.support.forks import wait_until
from tests.support.metrics import scraped
from tests.support.served import serve_project

if TYPE_CHECKING:
    from tests.support.project import Project

HOLD = '''
"""Take a connection of the application's pool and keep it."""
from fastapi import APIRouter, Request
from sqlalchemy.exc import TimeoutError

from sst.hooks import hookimpl

kept = []

@hookimpl
def register_routers():
    router = APIRouter()

    @router.get("/take")
    def take(request: Request) -> str:
        try:
            kept.append(request.app.state.runtime.engine.connect())
        except TimeoutError as error:
            return str(error).partition(",")[0]
        return "taken"

    return [router]
'''


def test_busy_pool_is_no_reason_to_be_restarted(migrated: Project) -> None:
    """All connections lent to slow requests is load, and readiness asks on its own connection."""
    migrated.plugin("hold", HOLD)
    migrated.enable("hold")
    pool = {"DB_POOL_SIZE": "1", "DB_MAX_OVERFLOW": "0", "DB_POOL_TIMEOUT": "1"}

    with serve_project(migrated, **pool) as served:
        held = [served.get("/plugins/hold/take").json() for _ in range(2)]
        ready = served.get("/readyz")

    assert held == ["taken", "QueuePool limit of size 1 overflow 0 reached"]
    assert ready.status_code == 200


def test_engine_is_given_back_when_the_application_stops(migrated: Project) -> None:
    migrated.plugin(
        "hold", HOLD.replace("kept.append(", "(").replace(".connect())", ".connect().close())")
    )
    migrated.enable("hold")
    sessions = (
        "select count(*) from pg_stat_activity "
        "where application_name = 'sst' and datname = current_database()"
    )

    with serve_project(migrated) as served:
        served.get("/plugins/hold/take")
        during = migrated.query(sessions)
        served.stop()
        wait_until(lambda: migrated.query(sessions) == [(0,)], "no session left")

    assert during == [(1,)]


def test_pool_settings_reach_the_engine(project: Project) -> None:
    environ = {
        "DATABASE_URL": project.database_url,
        "DB_POOL_SIZE": "3",
        "DB_MAX_OVERFLOW": "4",
        "DB_POOL_RECYCLE": "77",
        "SQL_ECHO": "true",
    }

    with open_runtime(project.root, environ=environ) as runtime:
        pool = runtime.engine.pool
        echo = runtime.engine.echo

    assert isinstance(pool, QueuePool)
    assert (pool.size(), pool._max_overflow, pool._recycle) == (3, 4, 77)
    assert echo is True


@pytest.mark.parametrize("waiting", [1, 3])
def test_who_waits_for_a_connection_is_counted(migrated: Project, waiting: int) -> None:
    """A pool of one is lent: whoever asks then waits, and is counted while that lasts."""
    migrated.plugin("hold", HOLD)
    migrated.enable("hold")
    pool = {"DB_POOL_SIZE": "1", "DB_MAX_OVERFLOW": "0", "DB_POOL_TIMEOUT": "20"}

    with (
        serve_project(migrated, METRICS="open", **pool) as served,
        ThreadPoolExecutor(waiting) as threads,
    ):
        unused = scraped(served)
        served.get("/plugins/hold/take")
        answers = [threads.submit(served.get, "/plugins/hold/take") for _ in range(waiting)]
        wait_until(lambda: scraped(served).value("pool_requests_waiting") == waiting, "all wait")
        held = scraped(served)
        said = {answer.result().json() for answer in answers}
        after = scraped(served)

    names = ("in_use", "idle", "limit")
    assert [unused.value(f"pool_connections_{name}") for name in names] == [0, 0, 1]
    assert [held.value(f"pool_connections_{name}") for name in names] == [1, 0, 1]
    assert said == {"QueuePool limit of size 1 overflow 0 reached"}
    assert after.value("pool_requests_waiting") == 0
    assert after.value("pool_timeouts_total") == waiting


def test_connection_that_is_given_back_is_idle(project: Project) -> None:
    with open_runtime(project.root, environ={"DATABASE_URL": project.database_url}) as runtime:
        pool = runtime.engine.pool
        assert isinstance(pool, MeasuredPool)
        with runtime.engine.connect():
            lent = pool.figures()
        free = pool.figures()

    assert (lent, free) == (PoolFigures(in_use=1), PoolFigures(idle=1))
