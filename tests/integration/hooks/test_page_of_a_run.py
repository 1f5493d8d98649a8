"""The examples on the page for plugin authors that use a run's database and record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.page import python_example

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.fixture
def shop(project: Project) -> Project:
    """Return a project with three jobs, one running and one failed, and a revision to run."""
    project.revision("one", "op.execute('create table job (id int, state text)')")
    assert project.migrate("upgrade").exit_code == 0
    project.query("insert into job values (1, 'running'), (2, 'failed'), (3, 'done')")
    project.revision("two", "op.execute('create table two (id int)')")
    return project


def test_running_jobs_refuse_a_run_unless_x_says_otherwise(shop: Project) -> None:
    shop.plugin("jobs", python_example("Refuse to migrate while jobs are running"))
    shop.enable("jobs")

    refused = shop.migrate("upgrade")
    forced = shop.migrate("-x", "jobs=ignore", "upgrade")

    assert refused.exit_code == 5
    assert "1 jobs are running" in refused.stderr
    assert "give -x jobs=ignore" in refused.stderr
    assert forced.exit_code == 0, forced.output


def test_failed_jobs_are_queued_again_and_counted_on_record(shop: Project) -> None:
    shop.plugin("again", python_example("Queue again what failed"))
    shop.enable("again")

    result = shop.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert shop.query("select id from job where state = 'queued'") == [(2,)]
    notes = {"again": {"queued_again": {"jobs": 1, "after": ["two"]}}}
    assert shop.last_run()["notes"] == notes


def test_tables_are_analyzed_on_a_connection_of_the_engine(shop: Project) -> None:
    shop.plugin("statistics", python_example("Give the planner fresh statistics"))
    shop.enable("statistics")

    result = shop.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert "left a connection" not in result.stderr
    assert shop.query("select reltuples from pg_class where relname = 'job'") == [(3.0,)]


def test_run_without_a_time_limit_is_refused(shop: Project) -> None:
    shop.plugin("limit", python_example("Refuse a run whose statements may take for ever"))
    shop.enable("limit")

    refused = shop.migrate("upgrade")
    limited = shop.migrate("--set", "MIGRATE__STATEMENT_TIMEOUT=600", "upgrade")

    assert refused.exit_code == 5
    assert "statements have no time limit" in refused.stderr
    assert limited.exit_code == 0, limited.output
