"""What a run does between two revisions: little, and true at every moment."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.support.extensions import is_server_named, lacks
from tests.support.forks import wait_until
from tests.support.older_server import counting_server
from tests.support.project import Project
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WAITS = "print('waits', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)"
_OUR_SESSIONS = """
    select pid from pg_stat_activity
    where application_name like 'sst-%' and datname = current_database()
"""
_STEPS = "select revision, outcome from migrator.step order by started_at, position"


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Project]:
    """Return a project on a server that counts statements."""
    with counting_server() as server:
        if server is None:
            lacks("the system has no pg_stat_statements", is_named=is_server_named())
        project = Project.create(tmp_path / "project", server.create_database())
        project.query("create extension pg_stat_statements")
        project.revision("first")
        assert project.migrate("upgrade").exit_code == 0
        yield project


def _statements_of(project: Project, revisions: int) -> Counter[str]:
    """Return how often the server got each statement in a run of so many new *revisions*."""
    for number in range(revisions):
        project.revision(f"r{revisions}_{number}", "op.execute('select 1 as revision')")
    project.query("select pg_stat_statements_reset()")
    assert project.migrate("upgrade").exit_code == 0
    return Counter(
        dict(
            project.query("""
                select query, sum(calls)::int from pg_stat_statements
                where dbid = (select oid from pg_database where datname = current_database())
                    and query !~ 'pg_blocking_pids|pg_stat_progress_create_index'
                group by query
            """)
        )
    )


def test_revision_costs_seven_statements(counted: Project) -> None:
    """Plain Alembic sends four: BEGIN, the revision's own, the version table's row, COMMIT.

    Looks for blockers do not count: they depend on the time that a revision takes.
    """
    few, many = _statements_of(counted, 2), _statements_of(counted, 12)

    for_each = {query: calls // 10 for query, calls in (many - few).items() if calls >= 10}
    assert sum(for_each.values()) == 7, for_each


def test_all_revisions_of_a_run_find_the_same_threads(project: Project) -> None:
    body = """
        import threading
        with open("threads", "a") as file:
            print(sorted(each.ident for each in threading.enumerate()), file=file)
    """
    for number in range(4):
        project.revision(f"r{number}", body)

    assert project.migrate("upgrade").exit_code == 0

    found = (project.root / "threads").read_text().splitlines()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_kill_between_a_commit_and_its_record_leaves_the_truth(project: Project) -> None:
    """The record says that the run broke off there, and the next run goes on after it."""
    project.revision("one", f"{_WAITS}\nop.execute('create table one ()')")
    project.revision("two", "op.execute('create table two ()')")
    run = project.start("upgrade")
    wait_until(lambda: "waits" in run.printed(), "the revision is at work")

    with other_session(project, "lock table migrator.step in exclusive mode") as holder:
        (project.root / "go").touch()
        wait_until(lambda: project.current_revision() == "one", "the revision is committed")
        run.signal(signal.SIGKILL)
        run.finish()
        wait_until(lambda: not project.query(_OUR_SESSIONS), "its sessions are gone")
        holder.end()

    assert project.query(_STEPS) == [("one", "running")]
    end = project.migrate("upgrade", "--json")
    assert (end.exit_code, end.json["before"], end.json["after"]) == (0, "one", "two"), end.output
    assert project.query(_STEPS) == [("one", "interrupted"), ("two", "applied")]
    assert project.migrate("check").exit_code == 0


def test_timeouts_that_a_revision_chose_are_not_the_next_one_s(project: Project) -> None:
    """They are set again where they were changed, whatever the way."""
    project.settings["migrate.lock_timeout"] = "0.3"
    project.revision(
        "one",
        """
        with op.get_bind().connection.cursor() as cursor:
            cursor.execute("set lock_timeout = '7s'")
        """,
    )
    project.revision(
        "two", "op.execute(\"create table seen as select current_setting('lock_timeout') as l\")"
    )

    assert project.migrate("upgrade").exit_code == 0

    assert project.query("select l from seen") == [("300ms",)]


def test_lock_that_a_revision_gives_away_lets_the_next_one_not_begin(project: Project) -> None:
    project.revision("one", "op.execute('select pg_advisory_unlock_all()')")
    project.revision("two")

    end = project.migrate("upgrade", "--json")

    assert end.exit_code == 1, end.output
    assert "the run's lock is gone" in str(end.json["error"]), end.output
    assert project.current_revision() == "one"
    assert project.query(_STEPS) == [("one", "applied")]
