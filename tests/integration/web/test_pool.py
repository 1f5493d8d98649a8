"""The application's pool of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.pool import QueuePool

from sst.runtime import open_runtime
from tests.support.forks import wait_until
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
