"""A concurrent index whose build fails: the INVALID rest is dropped, and the index ends valid."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from psycopg2.errors import UniqueViolation

from tests.support.forks import wait_until
from tests.support.server import connect
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from tests.support.forks import Running
    from tests.support.project import Project

SNAPSHOT = "set transaction isolation level repeatable read; select 1"
BUILDING = "select pid from pg_stat_progress_create_index where datname = current_database()"
INVALID = "select indexrelid::regclass::text from pg_index where not indisvalid order by 1"
VALID = "select indisvalid from pg_index where indexrelid = to_regclass('t_n')"


@pytest.fixture(params=[False, True], ids=["plain", "if-not-exists"])
def index(project: Project, request: pytest.FixtureRequest) -> Project:
    """Return a project with a table `t` and a pending revision that indexes it concurrently."""
    project.revision("table", "op.create_table('t', sa.Column('n', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    project.revision(
        "index",
        f"""
        with op.get_context().autocommit_block():
            op.create_index(
                "t_n", "t", ["n"], postgresql_concurrently=True, if_not_exists={request.param}
            )
    """,
    )
    return project


def building(project: Project) -> Running:
    """Start an upgrade and return when its index is there, INVALID, and waits for a snapshot."""
    run = project.start("upgrade")
    wait_until(lambda: project.query(BUILDING) and project.query(INVALID), "the index is built")
    return run


def test_rest_of_a_cancelled_build_is_dropped_and_a_rerun_ends_valid(index: Project) -> None:
    with other_session(index, SNAPSHOT) as old:
        run = building(index)
        index.query(BUILDING.replace("select pid", "select pg_cancel_backend(pid)"))
        wait_until(
            lambda: "57014" in run.printed() or not index.query(BUILDING), "it is cancelled"
        )
        old.end()
        end = run.finish()

    assert end.exit_code == 1, end.output
    assert "dropped the INVALID index public.t_n on t" in end.stderr
    assert not index.query(INVALID)
    assert index.migrate("upgrade").exit_code == 0
    assert index.query(VALID) == [(True,)]


def test_rest_of_a_killed_build_is_dropped_before_the_next_one(index: Project) -> None:
    """Nobody was left to drop it; `IF NOT EXISTS` alone would take it for the index."""
    with other_session(index, SNAPSHOT):
        run = building(index)
        run.signal(signal.SIGKILL)
        run.finish()
        wait_until(lambda: not index.query(BUILDING), "the server notices")
    assert index.query(INVALID) == [("t_n",)]

    result = index.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert index.query(VALID) == [(True,)]
    assert "dropping the INVALID index public.t_n" in result.stderr
    assert "public.t_n on t is INVALID since before" in result.json["warnings"][0]


def test_deadlocked_build_is_tried_again(index: Project) -> None:
    """The build waits for a transaction that waits for the build.

    A session looks for a deadlock once in each of its waits, so the build has to come to that one
    when the other waits already: a writer holds it up until then.
    """
    name = index.query("select current_database()")[0][0]
    index.query(f"alter database {name} set deadlock_timeout = '200ms'")
    index.settings["migrate.lock_retry_pauses"] = "[0.1]"
    waiting = (
        "select 1 from pg_stat_activity "
        "where wait_event_type = 'Lock' and datname = current_database()"
    )
    with (
        other_session(index, f"{SNAPSHOT}; set deadlock_timeout = '600s'") as other,
        other_session(index, "insert into t values (1)") as writer,
    ):
        run = index.start("upgrade")
        wait_until(lambda: index.query(BUILDING) and index.query(waiting), "the build waits")
        stuck = threading.Thread(
            target=other.execute, args=("lock table t in share update exclusive mode",)
        )
        stuck.start()
        wait_until(lambda: index.query(f"{waiting} and pid = {other.pid}"), "the other waits")
        writer.end()
        stuck.join(120)
        other.end()
        end = run.finish()

    assert end.exit_code == 0, end.output
    assert "index: attempt 1 failed (40P01" in end.stderr
    assert index.query(VALID) == [(True,)]


def test_long_wait_of_a_build_is_told(index: Project) -> None:
    """It has no timeout: without a word it would look like a hang."""
    index.settings["migrate.lock_timeout"] = "0.1"
    with other_session(index, SNAPSHOT, "report") as old:
        run = building(index)
        wait_until(lambda: "still waiting for" in run.printed(), "the wait is told")
        old.end()
        end = run.finish()

    assert end.exit_code == 0, end.output
    assert end.output.count(f"still waiting for pid {old.pid} (report") == 1


def test_index_that_somebody_else_builds_is_left_alone(index: Project) -> None:
    """It is invalid as well, until it is done."""
    index.query("create table other (n int)")
    with other_session(index, SNAPSHOT) as old:
        with closing(connect(index.database_url)) as connection, connection.cursor() as cursor:
            build = "create index concurrently theirs on other (n)"
            builder = threading.Thread(target=cursor.execute, args=(build,))
            builder.start()
            wait_until(lambda: index.query(BUILDING) and index.query(INVALID), "theirs is built")
            run = index.start("upgrade", "--json")
            wait_until(lambda: len(index.query(INVALID)) == 2, "ours is built")
            index.query(
                "select pg_cancel_backend(p.pid) from pg_stat_progress_create_index p "
                "where relid = 't'::regclass and datname = current_database()"
            )
            wait_until(lambda: index.query(INVALID) == [("theirs",)], "the rest of ours is gone")
            old.end()
            builder.join()
        end = run.finish()

    assert "theirs" not in end.output
    assert index.query(
        "select indisvalid from pg_index where indexrelid = 'theirs'::regclass"
    ) == [(True,)]


def leave_theirs(project: Project) -> None:
    """Leave an INVALID index that is not the run's."""
    project.query("insert into t values (1), (1)")
    with pytest.raises(UniqueViolation, match="could not create unique index"):
        project.query("create unique index concurrently theirs on t (n)")


def test_older_invalid_index_is_kept_when_a_build_fails(index: Project) -> None:
    leave_theirs(index)
    index.revision(
        "nameless",
        """
        with op.get_context().autocommit_block():
            op.execute("create unique index concurrently on t (n)")
    """,
    )

    result = index.migrate("upgrade")

    assert result.exit_code == 1, result.output
    assert "dropped the INVALID index public.t_n_idx on t" in result.stderr
    assert index.query(INVALID) == [("theirs",)]


def test_older_invalid_index_is_told_and_kept(index: Project) -> None:
    """Somebody may want to rebuild it; it is not the run's to drop."""
    leave_theirs(index)

    result = index.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert "public.theirs on t is INVALID since before this run" in result.json["warnings"][0]
    assert index.query(INVALID) == [("theirs",)]
