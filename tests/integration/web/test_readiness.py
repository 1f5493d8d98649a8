"""Ready or not, on a real PostgreSQL and served by uvicorn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.forks import wait_until
from tests.support.lock_holder import lock_holder
from tests.support.served import TOKEN, details, serve_project

if TYPE_CHECKING:
    from tests.support.project import Project

TABLES = """
    select count(*) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_toast'
"""


def test_application_on_a_migrated_database_is_well(migrated: Project) -> None:
    with serve_project(migrated) as served:
        codes = {path: served.get(path).status_code for path in ("/livez", "/readyz", "/health")}
        version = served.get("/version", token=TOKEN).json()

    assert codes == {"/livez": 200, "/readyz": 200, "/health": 200}
    assert version["expected_heads"] == ["one"]


def test_application_neither_migrates_nor_creates_anything(project: Project) -> None:
    with serve_project(project) as served:
        ready, health = served.get("/readyz"), served.get("/health")
        served.stop()

    assert (ready.status_code, health.status_code) == (503, 503)
    assert project.query(TABLES) == [(0,)]


def test_application_becomes_ready_when_the_schema_is_there(project: Project) -> None:
    with serve_project(project) as served:
        before = served.get("/readyz")
        project.migrate("upgrade")
        wait_until(lambda: served.get("/readyz").status_code == 200, "ready after the upgrade")

    assert before.status_code == 503


def test_image_that_is_rolled_back_stays_ready_and_cannot_migrate(project: Project) -> None:
    """The newer image has migrated; the older one serves, and names the commit to go back to."""
    newest = project.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    project.migrate("upgrade", GIT_COMMIT="f00dcafe")
    next((project.root / "alembic" / "versions").glob(f"*_{newest}.py")).unlink()

    upgrade = project.migrate("upgrade", "--json", GIT_COMMIT="older000")
    with serve_project(project, GIT_COMMIT="older000") as served:
        ready, health = served.get("/readyz"), served.get("/health")
        found = details(served, "/readyz")["core:schema"]

    assert (upgrade.exit_code, upgrade.json["error"]["code"]) == (6, "database_ahead")
    assert (ready.status_code, ready.json()) == (200, {"status": "warn"})
    assert health.status_code == 200
    assert project.current_revision() == "two"
    assert "commit f00dcafe" in found["output"]
    assert "commit f00dcafe" in upgrade.json["error"]["hint"]


def test_application_ahead_of_its_code_stays_ready(migrated: Project) -> None:
    """An image is rolled back and its schema is not: the old code must be served."""
    migrated.query("update alembic_version set version_num = 'from_the_future'")

    with serve_project(migrated) as served:
        ready, found = served.get("/readyz"), details(served, "/readyz")

    assert (ready.status_code, ready.json()) == (200, {"status": "warn"})
    assert "from_the_future" in found["core:schema"]["output"]


SPOILT = """
from sst.hooks import Check, CheckResult, CheckStatus, Stage, hookimpl

def ask(look):
    return CheckResult(CheckStatus.FAIL, "one row too many")

@hookimpl
def register_checks():
    return [Check("rows", ask, frozenset({Stage.RUN}))]
"""


def test_failed_run_is_told_to_operators_and_changes_no_answer(migrated: Project) -> None:
    migrated.plugin("spoilt", SPOILT)
    migrated.enable("spoilt")
    migrated.revision("two")
    assert migrated.migrate("upgrade").exit_code == 4

    with serve_project(migrated) as served:
        ready, plain = served.get("/readyz"), served.get("/readyz").json()
        found = details(served, "/readyz")["core:runs"]

    assert (ready.status_code, "checks" in plain) == (200, False)
    assert (found["status"], found["code"]) == ("warn", "last_run_failed")
    assert "one row too many" in found["output"]
    assert migrated.last_run()["id"] in found["output"]


def test_run_at_work_is_told_to_operators_and_changes_no_answer(migrated: Project) -> None:
    with serve_project(migrated) as served:
        with lock_holder(migrated, on_record=True):
            ready = served.get("/readyz")
            found = details(served, "/readyz")["core:runs"]
        wait_until(lambda: "output" not in details(served, "/readyz")["core:runs"], "all is quiet")

    assert (ready.status_code, ready.json()) == (200, {"status": "pass"})
    assert (found["status"], found["code"]) == ("pass", "run_at_work")
    assert "`hold still`" in found["output"]
