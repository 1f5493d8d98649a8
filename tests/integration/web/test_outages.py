"""A database that refuses, hangs or comes back, and an application that goes on."""

from __future__ import annotations

import signal
import time
import uuid
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from sqlalchemy.engine import make_url

from sst.web.probing.single_flight import FRESH_SECONDS
from tests.support.forks import wait_until
from tests.support.hurt_server import hurt_server
from tests.support.served import PASSWORD, PROMPT, TOKEN, details, serve_project
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project
    from tests.support.served import Served
    from tests.support.server import TestServer


@contextmanager
def locked(project: Project) -> Iterator[None]:
    """Hold the version table so that every question about the revision hangs."""
    with closing(connect(project.database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        yield


def test_refused_connection_does_not_keep_it_from_starting(
    project: Project, refusing_url: str
) -> None:
    project.database_url = refusing_url

    with serve_project(project) as served:
        live, ready = served.get("/livez"), served.get("/readyz")
        found = details(served, "/readyz")

    assert (live.status_code, ready.status_code) == (200, 503)
    assert ready.headers["retry-after"] == "5"
    assert found["core:schema"]["code"] == "database_unreachable"


def test_pooler_that_is_down_alone_is_not_ready(migrated: Project, refusing_url: str) -> None:
    """Migrations go past the pooler, and requests do not."""
    direct, migrated.database_url = migrated.database_url, refusing_url

    with serve_project(migrated, MIGRATION_DATABASE_URL=direct) as served:
        ready, found = served.get("/readyz"), details(served, "/readyz")

    assert ready.status_code == 503
    assert found["core:schema"]["status"] == "pass"
    assert found["core:database"]["code"] == "database_unreachable"


def test_wrong_password_is_not_ready_and_is_not_told(
    embedded: TestServer, project: Project
) -> None:
    with role_with_password(embedded) as role:
        url = make_url(embedded.url).set(username=role, password=PASSWORD)
        project.database_url = url.render_as_string(hide_password=False)
        with serve_project(project) as served:
            ready, detailed = served.get("/readyz"), served.get("/readyz", token=TOKEN)

    assert ready.status_code == 503
    assert "password authentication failed" in detailed.text
    assert PASSWORD not in detailed.text


def test_hung_server_holds_no_endpoint(project: Project, silent_url: str) -> None:
    """Sixty probes at once, as behind an impatient load balancer, share one question.

    Whoever is held waits for readiness to give up at the earliest, else for the connection.
    """
    project.database_url = silent_url
    patience = {"SERVED_READY_SECONDS": "5", "DB_CONNECT_TIMEOUT": "60"}

    with serve_project(project, **patience) as served:
        served.get("/livez")
        answers = served.get_all(["/readyz", "/livez", "/livez"] * 20)

    ready, live = answers[0::3], answers[1::3] + answers[2::3]
    assert {each.response.status_code for each in ready} == {503}
    assert {each.response.status_code for each in live} == {200}
    assert max(each.seconds for each in ready) < 30
    assert sorted(each.seconds for each in live)[len(live) // 2] < 3


def test_hung_query_holds_no_endpoint(migrated: Project) -> None:
    """The connection is open and the query never answers: no timeout of libpq ends that."""
    with serve_project(migrated, **PROMPT) as served, locked(migrated):
        answers = served.get_all(["/readyz"] * 20)
        live = served.get("/livez")

    assert {each.response.status_code for each in answers} == {503}
    assert live.status_code == 200


def test_application_recovers_when_the_database_answers_again(migrated: Project) -> None:
    with serve_project(migrated, **PROMPT) as served:
        with locked(migrated):
            during = served.get("/readyz")
        wait_until(lambda: served.get("/readyz").status_code == 200, "ready again")

    assert during.status_code == 503


def test_server_that_stops_is_told_within_a_second(project: Project) -> None:
    """Whatever is kept for the sake of speed, no answer is older: `/health` as `/readyz`."""
    with hurt_server() as server:
        project.database_url = server.databases.create_database()
        assert project.migrate("upgrade").exit_code == 0
        with serve_project(project) as served:
            before = [served.get(path).status_code for path in ("/readyz", "/health")]
            server.stop()
            stopped_at = time.monotonic()
            late = asked_from(served, stopped_at + FRESH_SECONDS)

    assert before == [200, 200]
    assert late == {"/readyz": 503, "/health": 503}


def test_database_that_admits_nobody_is_told_within_a_second(migrated: Project) -> None:
    name = make_url(migrated.database_url).database

    with serve_project(migrated) as served:
        before = served.get("/readyz").status_code
        with admitting_nobody(migrated.database_url, name):
            late = asked_from(served, time.monotonic() + FRESH_SECONDS)

    assert (before, late["/readyz"]) == (200, 503)


def asked_from(served: Served, moment: float) -> dict[str, int]:
    """Return the first status code of each path that was asked for after *moment*, by the clock.

    They are asked for all the time, so that there always is something to keep.
    """
    found: dict[str, int] = {}
    while len(found) < 2:
        is_late = time.monotonic() >= moment
        for path in ("/readyz", "/health"):
            status_code = served.get(path).status_code
            if is_late:
                found.setdefault(path, status_code)
    return found


def test_application_stops_while_the_database_hangs(project: Project, silent_url: str) -> None:
    project.database_url = silent_url

    with serve_project(project, DB_CONNECT_TIMEOUT="30", **PROMPT) as served:
        served.get("/readyz")
        exit_code = served.stop()

    assert "Application shutdown complete." in served.printed()
    assert exit_code == -signal.SIGTERM  # uvicorn has stopped; then it obeys the signal


@contextmanager
def admitting_nobody(url: str, name: str | None) -> Iterator[None]:
    """Close the database *name* at *url* to everybody else and end their sessions."""
    server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
    closed = f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS'
    with closing(connect(server)) as outside, closing(connect(url)) as inside:
        with outside.cursor() as cursor:
            cursor.execute(f"{closed} false")
        try:
            with inside.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            yield
        finally:
            with outside.cursor() as cursor:
                cursor.execute(f"{closed} true")


@contextmanager
def role_with_password(server: TestServer) -> Iterator[str]:
    """Yield a role whose password the server asks for; nobody else notices."""
    role = f"role_{uuid.uuid4().hex[:12]}"
    with closing(connect(server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW hba_file")
        rules = Path(str(cursor.fetchall()[0][0]))
        before = rules.read_text()
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'right'")
        rules.write_text(
            f"local all {role} scram-sha-256\nhost all {role} all scram-sha-256\n{before}"
        )
        cursor.execute("SELECT pg_reload_conf()")
        wait_until(lambda: _is_refused(server, role), "the server asks for the password")
        try:
            yield role
        finally:
            rules.write_text(before)
            cursor.execute(f"SELECT pg_reload_conf(); DROP ROLE {role}")


def _is_refused(server: TestServer, role: str) -> bool:
    url = make_url(server.url).set(username=role, password="wrong")
    try:
        connect(url.render_as_string(hide_password=False)).close()
    except psycopg2.OperationalError:
        return True
    return False
