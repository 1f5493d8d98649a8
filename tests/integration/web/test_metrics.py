"""`/metrics` says what is true of a real database, and says so when it cannot be read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sst.metrics.database import OUTCOMES, STATES
from sst.metrics.known import OF_THE_DATABASE
from sst.web.probing.standing import FRESH_SECONDS
from tests.integration.web.test_outages import locked
from tests.support.forks import wait_until
from tests.support.hurt_server import hurt_server
from tests.support.lock_holder import lock_holder
from tests.support.metrics import Figures, scraped
from tests.support.served import PASSWORD, PROMPT, TOKEN, serve_project

if TYPE_CHECKING:
    from tests.support.project import Project
    from tests.support.served import Served

OPEN = {"METRICS": "open"}
UNREADABLE = {"sst_database_readable"}
DATABASE = {metric.name for metric in OF_THE_DATABASE}


def figures(project: Project) -> Figures:
    """Return the first answer of a new process."""
    with serve_project(project, **OPEN) as served:
        return scraped(served)


def test_empty_database(project: Project) -> None:
    found = figures(project)

    assert found.value("database_readable") == 1
    assert found.hot("schema_state", "state") == ["empty"]
    assert found.value("schema_pending_revisions") == 1
    assert found.value("schema_info", revision="", head="one") == 1
    assert found.value("ready") == 0
    assert found.value("migration_running") == 0
    assert found.value("migration_unresolved_failure") == 0


def test_what_has_never_been_is_absent_and_not_zero(project: Project) -> None:
    """Zero seconds is 1970: the age of a backup that there never was would be 56 years."""
    found = figures(project)

    never = {name for name in DATABASE if "_last_" in name or "_since_" in name}
    assert len(never) == 8
    assert not never & found.names
    assert "sst_backup_size_bytes" not in found.names
    assert found.value("schema_drift_findings", check="schema") is None


def test_migrated_database(migrated: Project) -> None:
    before = time.time()

    found = figures(migrated)

    assert found.hot("schema_state", "state") == ["up_to_date"]
    assert found.value("schema_pending_revisions") == 0
    assert found.value("schema_info", revision="one", head="one") == 1
    assert found.hot("migration_last_run_outcome", "outcome") == ["succeeded"]
    assert found.value("ready") == 1
    assert found.value("schema_drift_findings", check="schema") == 0
    assert found.value("migration_last_success_timestamp_seconds") == found.value(
        "migration_last_completion_timestamp_seconds"
    )
    assert before <= (found.value("database_read_timestamp_seconds") or 0) <= time.time()


def test_every_word_has_a_series(migrated: Project) -> None:
    """One that appears when it is 1 for the first time has no change that an alert sees."""
    found = figures(migrated)

    assert {state: found.value("schema_state", state=state) for state in STATES} == {
        **dict.fromkeys(STATES, 0),
        "up_to_date": 1,
    }
    assert {
        each: found.value("migration_last_run_outcome", outcome=each) for each in OUTCOMES
    } == {
        **dict.fromkeys(OUTCOMES, 0),
        "succeeded": 1,
    }


def test_moments_are_those_on_record(migrated: Project) -> None:
    ((start, end),) = migrated.query(
        "select extract(epoch from started_at)::float, extract(epoch from finished_at)::float"
        " from migrator.run"
    )

    found = figures(migrated)

    assert found.value("migration_last_start_timestamp_seconds") == pytest.approx(start, abs=1e-3)
    assert found.value("migration_last_success_timestamp_seconds") == pytest.approx(end, abs=1e-3)
    assert found.value("migration_last_duration_seconds") == pytest.approx(end - start, abs=2e-3)


def test_pending_revision_of_a_database_that_is_behind(migrated: Project) -> None:
    migrated.revision("two")

    found = figures(migrated)

    assert found.hot("schema_state", "state") == ["pending"]
    assert found.value("schema_pending_revisions") == 1
    assert found.value("ready") == 0


def test_what_is_pending_of_a_database_that_is_ahead_is_not_known(migrated: Project) -> None:
    migrated.query("update alembic_version set version_num = 'from_the_future'")

    found = figures(migrated)

    assert found.hot("schema_state", "state") == ["ahead"]
    assert found.value("schema_pending_revisions") is None
    assert found.value("ready") == 1


def test_failed_run_and_the_success_before_it(migrated: Project) -> None:
    ((success,),) = migrated.query(
        "select extract(epoch from finished_at)::float from migrator.run"
    )
    migrated.revision("two", "op.execute('select nonsense')")
    assert migrated.migrate("upgrade").exit_code == 1

    found = figures(migrated)

    assert found.hot("migration_last_run_outcome", "outcome") == ["failed"]
    assert found.value("migration_last_success_timestamp_seconds") == pytest.approx(success)
    assert (found.value("migration_last_completion_timestamp_seconds") or 0) > success
    assert found.value("migration_unresolved_failure") == 1


def test_run_that_was_killed_has_no_end(migrated: Project) -> None:
    migrated.query(
        "insert into migrator.run select (jsonb_populate_record(r, jsonb_build_object("
        "'id', 'killed', 'outcome', 'running', 'started_at', now(), 'finished_at', null,"
        "'backend_pid', 1))).* from migrator.run r"
    )

    found = figures(migrated)

    assert found.hot("migration_last_run_outcome", "outcome") == ["interrupted"]
    assert found.value("migration_last_completion_timestamp_seconds") is None
    assert found.value("migration_unresolved_failure") == 1


@pytest.mark.parametrize("on_record", [True, False])
def test_work_under_the_runs_lock(migrated: Project, *, on_record: bool) -> None:
    before = time.time()

    with lock_holder(migrated, on_record=on_record):
        found = figures(migrated)

    assert found.value("migration_running") == 1
    since = found.value("migration_running_since_timestamp_seconds")
    assert since
    assert before - 1 < since <= time.time()


def test_drift_is_counted_object_by_object(migrated: Project) -> None:
    migrated.query("alter table one add column made_by_hand int, add column and_another int")

    found = figures(migrated)

    assert found.value("schema_drift_findings", check="schema") == 2
    assert found.value("schema_drift_findings", check="revision_code") == 0


def test_backup_and_the_one_before_that_was_proven(migrated: Project) -> None:
    migrated.enable("backup")
    for level in ("read", "none, unproven"):
        migrated.settings["plugins.backup.verify"] = level
        assert migrated.migrate("backup", "create").exit_code == 0
    proven, newest = migrated.query(
        "select extract(epoch from started_at)::float, (backup ->> 'size_bytes')::int"
        " from migrator.run where backup is not null order by started_at"
    )

    found = figures(migrated)

    assert found.value("backup_last_proven_timestamp_seconds") == pytest.approx(proven[0])
    assert found.value("backup_last_success_timestamp_seconds") == pytest.approx(newest[0])
    assert found.value("backup_size_bytes") == newest[1]


def test_newest_backup_that_is_proven(migrated: Project) -> None:
    migrated.enable("backup")
    assert migrated.migrate("backup", "create").exit_code == 0

    found = figures(migrated)

    at = found.value("backup_last_success_timestamp_seconds")
    assert at
    assert found.value("backup_last_proven_timestamp_seconds") == at


def test_without_the_token_it_is_closed(migrated: Project) -> None:
    with serve_project(migrated) as served:
        answers = [served.get("/metrics", token=token) for token in (None, "wrong", TOKEN)]

    assert [each.status_code for each in answers] == [401, 401, 200]
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert answers[0].json()["code"] == "unauthorized"
    assert answers[2].headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_without_a_token_in_the_settings_nobody_opens_it(migrated: Project) -> None:
    del migrated.environment["OPERATIONS_TOKEN"]

    with serve_project(migrated) as served:
        answers = [served.get("/metrics", token=token) for token in (None, "wrong", TOKEN)]

    assert [each.status_code for each in answers] == [401, 401, 401]


@pytest.mark.parametrize(("value", "status"), [("open", 200), ("Open", 200), ("off", 404)])
def test_setting_says_who_reads_it(migrated: Project, value: str, status: int) -> None:
    with serve_project(migrated, METRICS=value) as served:
        assert served.get("/metrics").status_code == status


def test_refused_connection_is_said_and_nothing_else(project: Project, refusing_url: str) -> None:
    project.database_url = refusing_url

    found = figures(project)

    assert found.names & DATABASE == UNREADABLE
    assert found.value("database_readable") == 0
    assert found.value("ready") == 0


def test_hung_server_holds_no_scrape(project: Project, silent_url: str) -> None:
    """The requests of the application are told all the same."""
    project.database_url = silent_url

    with serve_project(project, DB_CONNECT_TIMEOUT="60", **OPEN, **PROMPT) as served:
        served.get("/livez")
        answers = served.get_all(["/metrics"] * 10)

    assert {each.response.status_code for each in answers} == {200}
    assert all("sst_database_readable 0\n" in each.response.text for each in answers)
    assert all('route="/livez",status="200"} 1\n' in each.response.text for each in answers)
    assert max(each.seconds for each in answers) < 30
    assert PASSWORD not in answers[0].response.text


def test_hung_query_holds_no_scrape_and_is_over_when_it_is(migrated: Project) -> None:
    with serve_project(migrated, **OPEN, **PROMPT) as served:
        with locked(migrated):
            during = scraped(served)
        wait_until(lambda: scraped(served).value("database_readable") == 1, "read again")

    assert during.names & DATABASE == UNREADABLE


def test_server_that_stops_is_told_as_soon_as_promised(project: Project) -> None:
    with hurt_server() as server:
        project.database_url = server.databases.create_database()
        assert project.migrate("upgrade").exit_code == 0
        with serve_project(project, **OPEN) as served:
            before = scraped(served)
            server.stop()
            late = scraped_from(served, time.monotonic() + FRESH_SECONDS)

    assert (before.value("database_readable"), before.value("ready")) == (1, 1)
    assert (late.value("database_readable"), late.value("ready")) == (0, 0)
    assert late.names & DATABASE == UNREADABLE


def scraped_from(served: Served, moment: float) -> Figures:
    """Return the first answer that was asked for after *moment*, by the clock.

    Others are asked for all the time, so that there always is something to keep.
    """
    while True:
        is_late = time.monotonic() >= moment
        found = scraped(served)
        if is_late:
            return found
