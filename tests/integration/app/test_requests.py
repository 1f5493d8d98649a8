"""What a request does to the pool and to the database, and what it answers when they fail it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from app.api import ROUTERS
from plugins.maintenance.in_database import DatabaseFlag
from sst.hooks import DatabaseUrl
from sst.runtime import open_runtime
from sst.web import create_app
from tests.support.fake_runtime import OPERATIONS_TOKEN
from tests.support.forks import wait_until
from tests.support.project import REPOSITORY
from tests.support.web import ask_all, bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from fastapi import FastAPI
    from sqlalchemy.engine import Engine

    from tests.support.project import Project

    Serve = Callable[..., TestClient]

SITE = {"code": "BOG-01", "name": "Planta Bogotá"}
_SITES = (REPOSITORY / "app/api/sites.py").read_text().splitlines()
_FLUSHED_AT = 1 + next(number for number, line in enumerate(_SITES) if "session.flush()" in line)
ONE_CONNECTION = {"DB_POOL_SIZE": "1", "DB_MAX_OVERFLOW": "0", "DB_POOL_TIMEOUT": "1"}


def engine_of(client: TestClient) -> Engine:
    """Return the engine of the application that *client* asks."""
    app: Any = client.app
    engine: Engine = app.state.application.engine()
    return engine


def lent(engine: Engine) -> int:
    """Return how many connections of the pool are in use."""
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.checkedout()


def test_connection_never_waits_for_the_client(client: TestClient) -> None:
    """However slowly a body comes in, and an answer goes out."""
    engine, taken = engine_of(client), []
    event.listen(engine, "checkout", lambda *_: taken.append(True))
    body = json.dumps(SITE).encode()
    chunks = [body[:5], body[5:]]
    seen: list[tuple[str, int]] = []

    async def receive() -> dict[str, object]:
        seen.append(("receive", lent(engine)))
        chunk = chunks.pop(0) if chunks else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        seen.append((message["type"], lent(engine)))

    asyncio.run(client.app(_post_scope("/sites"), receive, send))  # type: ignore[arg-type]

    assert len(taken) == 1
    assert seen == [
        *[("receive", 0)] * 2,
        ("http.response.start", 0),
        ("http.response.body", 0),
    ]


def test_more_requests_than_connections_are_all_answered(serve: Serve) -> None:
    """Nobody holds a connection while waiting for a thread: these would wait for each other."""
    client = serve(DB_POOL_SIZE="2", DB_MAX_OVERFLOW="0")
    client.post("/sites", json=SITE)
    app: Any = client.app

    answers = ask_all(app, ["/sites/1"] * 100)

    assert {answer.status_code for answer in answers} == {200}
    assert lent(engine_of(client)) == 0


def test_refused_row_leaves_nothing_and_gives_the_connection_back(serve: Serve) -> None:
    client = serve(**ONE_CONNECTION)
    client.post("/sites", json=SITE)

    refused = client.post("/sites", json=SITE)

    assert refused.status_code == 409
    assert lent(engine_of(client)) == 0
    assert len(client.get("/sites").json()["items"]) == 1


def test_commit_that_fails_is_no_success(client: TestClient) -> None:
    """The answer is made before the commit, and must not leave without it."""
    engine = engine_of(client)

    def fail(_connection: object) -> None:
        raise RuntimeError("the commit fails")

    event.listen(engine, "commit", fail)
    answer = client.post("/sites", json=SITE)
    event.remove(engine, "commit", fail)

    assert answer.status_code == 500
    assert client.get("/sites").json()["items"] == []


def test_constraint_that_no_one_has_put_into_words_is_a_bug(
    client: TestClient, migrated: Project
) -> None:
    """A text that guesses would hide it."""
    rule = "alter table sites add constraint surprise check (name <> 'Odd')"
    migrated.query(rule)
    try:
        answer = client.post("/sites", json=SITE | {"name": "Odd"})
    finally:
        migrated.query("alter table sites drop constraint surprise")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "surprise" not in answer.text


def test_values_that_were_sent_do_not_reach_the_log(
    client: TestClient, migrated: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver quotes the statement with them, and a traceback quotes the driver."""
    migrated.query("alter table sites alter column name type bigint using 0")
    try:
        answer = client.post("/sites", json={"code": "canary-code", "name": "canary-name"})
    finally:
        migrated.query("alter table sites alter column name type text")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "InvalidTextRepresentation: invalid input syntax for type bigint [" in caplog.text
    assert f"app/api/sites.py:{_FLUSHED_AT}]" in caplog.text
    assert "canary" not in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("away", "back"),
    [
        ("sites rename to elsewhere", "elsewhere rename to sites"),
        ("sites rename column name to other", "sites rename column other to name"),
    ],
    ids=["table", "column"],
)
def test_schema_that_is_behind_is_a_503_and_one_line(
    client: TestClient, migrated: Project, caplog: pytest.LogCaptureFixture, away: str, back: str
) -> None:
    migrated.query(f"alter table {away}")
    try:
        answer = client.post("/sites", json=SITE)
    finally:
        migrated.query(f"alter table {back}")

    assert (answer.status_code, answer.json()["code"]) == (503, "schema_behind")
    lines = [line for line in caplog.text.splitlines() if "sst.web" in line]
    assert len(lines) == len(caplog.text.splitlines()) == 1
    assert "run `python migrate.py upgrade`" in lines[0]


def test_busy_pool_is_told_within_its_timeout(serve: Serve) -> None:
    client = serve(**ONE_CONNECTION)
    client.post("/sites", json=SITE)

    with engine_of(client).connect():
        started = time.monotonic()
        busy = client.get("/sites/1")
        seconds = time.monotonic() - started
        live = client.get("/livez")
    after = client.get("/sites/1")

    assert (busy.status_code, busy.json()["code"]) == (503, "pool_exhausted")
    assert busy.headers["retry-after"] == "5"
    assert 1 <= seconds < 15  # the default is 30
    assert (live.status_code, after.status_code) == (200, 200)


def test_database_that_is_down_is_a_503_that_names_nothing(serve: Serve) -> None:
    client = serve(DATABASE_URL="postgresql://canary-role@127.0.0.1:1/canary_database")

    answers = [client.get("/sites"), client.post("/sites", json=SITE)]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
        assert "retry-after" in answer.headers
        assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("url", "reason"),
    [("", "is not set"), ("canary-url", "is not a database URL"), ("embedded", "no plugin turns")],
)
def test_database_url_that_is_no_use_is_told_at_the_start(
    migrated: Project, caplog: pytest.LogCaptureFixture, url: str, reason: str
) -> None:
    token = {"OPERATIONS_TOKEN": OPERATIONS_TOKEN}
    environ = {**migrated.environment, **token, **({"DATABASE_URL": url} if url else {})}
    with open_runtime(migrated.root, environ=environ) as runtime:
        app = create_app(runtime, routers=ROUTERS)
        with TestClient(app, raise_server_exceptions=False) as client:
            at_start = [line for line in caplog.records if line.levelname == "ERROR"]
            live = client.get("/livez")
            ready = client.get("/readyz", headers=bearer(OPERATIONS_TOKEN))
            answer = client.get("/sites")

    assert len(at_start) == 1
    assert reason in at_start[0].getMessage()
    assert "\n  next: " in at_start[0].getMessage()
    assert (live.status_code, ready.status_code) == (200, 503)
    assert reason in ready.text
    assert (answer.status_code, answer.json()["code"]) == (503, "configuration_invalid")
    assert "canary" not in answer.text + caplog.text


def test_invalid_request_needs_no_database(serve: Serve) -> None:
    client = serve(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")

    assert client.post("/sites", json={}).status_code == 422


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{not json", "application/json", 422, "invalid_request"),
        (b'{"code": "\xff"}', "application/json", 400, "bad_request"),
        (b"{}", "application/x-www-form-urlencoded", 422, "invalid_request"),
    ],
)
def test_body_that_is_not_read_is_answered_as_the_pages_say(
    serve: Serve, body: bytes, kind: str, status: int, code: str
) -> None:
    client = serve(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")

    answer = client.post("/sites", content=body, headers={"content-type": kind})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/x-www-form-urlencoded"}])
def test_body_with_another_content_type_is_answered_with_its_name(
    serve: Serve, headers: dict[str, str]
) -> None:
    """`curl -d` sends a form unless it is given the header."""
    client = serve(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")

    other = client.post("/sites", content=json.dumps(SITE), headers=headers)
    right = [client.post("/sites", json=[]), client.post("/sites")]

    assert other.status_code == 422
    assert "Content-Type is not application/json" in other.json()["detail"]
    assert not any("Content-Type" in answer.json()["detail"] for answer in right)


def test_sessions_that_the_server_has_ended_cost_no_request(
    client: TestClient, migrated: Project
) -> None:
    client.get("/sites")
    migrated.query(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'sst' and datname = current_database()"
    )

    assert client.get("/sites").status_code == 200


def test_statement_that_takes_too_long_is_tried_again_by_the_client(
    serve: Serve, migrated: Project
) -> None:
    url = make_url(migrated.database_url).update_query_dict(
        {"options": "-c statement_timeout=200"}
    )
    client = serve(DATABASE_URL=url.render_as_string(hide_password=False))

    with (
        open_runtime(migrated.root, environ={"DATABASE_URL": migrated.database_url}) as runtime,
        runtime.engine.begin() as connection,
    ):
        connection.exec_driver_sql("lock table sites in access exclusive mode")
        answer = client.get("/sites")

    assert (answer.status_code, answer.json()["code"]) == (503, "temporary")


@pytest.fixture
def maintained(migrated: Project) -> Iterator[Project]:
    """Return the project with the plugin `maintenance`."""
    migrated.enable("maintenance")
    yield migrated
    migrated.enable()


def test_maintenance_answers_for_the_requests_that_do_work(
    maintained: Project, serve: Serve
) -> None:
    client = serve()
    flag = DatabaseFlag(DatabaseUrl(maintained.database_url), "run", 300)

    before = client.post("/sites", json=SITE)
    flag.keep_up()
    wait_until(lambda: client.get("/sites").status_code == 503, "maintenance is seen")
    during, live = client.post("/sites", json=SITE | {"code": "MED-01"}), client.get("/livez")
    flag.take_down()
    wait_until(lambda: client.get("/sites").status_code == 200, "its end is seen")

    assert (before.status_code, live.status_code) == (201, 200)
    assert (during.status_code, during.json()["code"]) == (503, "maintenance")
    assert [site["code"] for site in client.get("/sites").json()["items"]] == ["BOG-01"]


def test_application_that_is_ready_does_its_work(project: Project) -> None:
    """Not before our own upgrade, and as soon as it is done."""
    project.environment["MIGRATE__SCRIPT_LOCATION"] = str(REPOSITORY / "alembic")
    environ = {"DATABASE_URL": project.database_url, **project.environment}

    with open_runtime(project.root, environ=environ) as runtime:
        app: FastAPI = create_app(runtime, routers=ROUTERS)
        with TestClient(app, raise_server_exceptions=False) as client:
            before = client.get("/readyz").status_code
            project.migrate("upgrade")
            wait_until(lambda: client.get("/readyz").status_code == 200, "it is ready")
            created = client.post("/sites", json=SITE)

    assert (before, created.status_code) == (503, 201)


def _post_scope(path: str) -> dict[str, object]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"test"), (b"content-type", b"application/json")],
        "scheme": "http",
        "root_path": "",
    }
