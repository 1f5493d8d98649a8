"""One run at a time, provably: also for steps that no transaction protects."""

from __future__ import annotations

from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import psycopg2

from sst.runtime import open_runtime
from tests.support.chain import ASLEEP, SLEEP, start_asleep
from tests.support.faults import HELD
from tests.support.forks import wait_until
from tests.support.server import connect
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from tests.support.project import Project


PARALLEL_RUNS = 8


def test_eight_parallel_runs_apply_every_step_once(project: Project) -> None:
    project.revision("table", "op.create_table('t', sa.Column('n', sa.Integer))")
    project.revision(
        "data",
        """
        with op.get_context().autocommit_block():
            op.execute("insert into t values (1)")
    """,
    )
    project.revision(
        "index",
        """
        with op.get_context().autocommit_block():
            op.create_index("t_n", "t", ["n"], postgresql_concurrently=True)
    """,
    )

    runs = [project.start("upgrade") for _ in range(PARALLEL_RUNS)]
    ends = [run.finish() for run in runs]

    valid = project.query("select indisvalid from pg_index where indexrelid = 't_n'::regclass")
    assert [end.exit_code for end in ends] == [0] * PARALLEL_RUNS, ends
    assert project.query("select count(*) from t") == [(1,)]
    assert valid == [(True,)]
    assert project.query("select count(*) from migrator.run") == [(1,)]


def test_busy_lock_names_its_holder_and_is_temporary(project: Project) -> None:
    project.revision("slow", SLEEP)
    first = start_asleep(project)

    second = project.migrate("upgrade", "--lock-wait", "0.3", "--json")

    assert second.exit_code == 75
    assert second.json["error"]["code"] == "lock_busy"
    assert "sst-migrate" in second.json["error"]["message"]
    [(pid,)] = project.query(ASLEEP)
    project.query("select pg_terminate_backend(%s)", pid)
    assert first.finish().exit_code == 1


def test_run_whose_lock_is_gone_stops_before_the_next_revision(project: Project) -> None:
    """The gate gives the lock away, as a server's restart would."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    project.plugin(
        "saboteur",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def pre_revision(run, revision):
            if revision.id == "two":
                with run.inspect() as database:
                    database.fetch(
                        "select pg_terminate_backend(pid) from pg_stat_activity "
                        "where application_name like 'sst-migrate%' "
                        "and datname = current_database()")
    """,
    )
    project.enable("saboteur")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 1
    assert result.json["error"]["code"] == "connection_lost"
    assert project.current_revision() == "one"
    assert project.last_run()["outcome"] == "failed"


def test_lock_is_free_after_success_and_after_failure(project: Project) -> None:
    """In a process that lives on: the end of one frees every lock of its sessions."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision("two", "op.execute('select 1/0')")

    with open_runtime(project.root, environ={"DATABASE_URL": project.database_url}) as runtime:
        runtime.migrator.upgrade("one")
        after_success = project.query(HELD)
        failed = runtime.migrator.upgrade("two")
        after_failure = project.query(HELD)

    assert (after_success, after_failure) == ([], [])
    assert failed.error is not None
    assert failed.error.code == "revision_failed"
    assert project.current_revision() == "one"


def test_another_session_in_an_old_snapshot_is_waited_for_not_deadlocked(project: Project) -> None:
    """A waiter polls outside a transaction, so CREATE INDEX CONCURRENTLY never waits for it."""
    project.revision("table", "op.create_table('t', sa.Column('n', sa.Integer))")
    project.revision(
        "index",
        """
        with op.get_context().autocommit_block():
            op.create_index("t_n", "t", ["n"], postgresql_concurrently=True)
    """,
    )
    with closing(connect(project.database_url)) as reader, reader.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read")
        cursor.execute("select 1")
        first, second = project.start("upgrade"), project.start("upgrade")
        building = "select 1 from pg_stat_progress_create_index where datname = current_database()"
        wait_until(lambda: project.query(building), "the index waits for the old snapshot")
        cursor.execute("commit")

    assert [first.finish().exit_code, second.finish().exit_code] == [0, 0]


def test_concurrent_index_is_exempt_from_the_lock_timeout(project: Project) -> None:
    """A timeout would leave an invalid index behind; what it waits for is nobody's stall."""
    project.revision("table", "op.create_table('t', sa.Column('n', sa.Integer))")
    project.migrate("upgrade")
    project.revision(
        "index",
        """
        with op.get_context().autocommit_block():
            op.create_index("t_n", "t", ["n"], postgresql_concurrently=True)
    """,
    )
    project.settings["migrate.lock_timeout"] = "0.1"
    waiting = (
        "select 1 from pg_stat_activity where query ilike 'create index concurrently%' "
        "and wait_event_type = 'Lock' and now() - query_start > interval '0.3 s' "
        "and datname = current_database()"
    )
    with closing(connect(project.database_url)) as writer, writer.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("insert into t values (1)")
        run = project.start("upgrade")
        wait_until(lambda: project.query(waiting), "the index has waited past the timeout")
        cursor.execute("commit")

    end = run.finish()
    assert end.exit_code == 0, end.output


def test_table_lock_is_given_up_after_the_lock_timeout(project: Project) -> None:
    """The statement leaves the queue, so that reads behind it go on."""
    project.revision("table", "op.create_table('t', sa.Column('n', sa.Integer))")
    project.migrate("upgrade")
    project.revision("column", "op.add_column('t', sa.Column('m', sa.Integer))")
    project.settings |= {"migrate.lock_timeout": "0.1", "migrate.lock_retry_seconds": "0"}
    with closing(connect(project.database_url)) as reader, reader.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select * from t")

        result = project.migrate("upgrade", "--json")

    assert result.exit_code == 75
    assert result.json["error"]["sqlstate"] == "55P03"
    assert project.current_revision() == "table"


def test_index_that_another_role_is_building_is_no_finding(project: Project) -> None:
    """A weak role sees that somebody builds, not what: a good run must not end as unhealthy."""
    project.enable("health_check")
    project.query("create table t (n integer)")
    with (
        role(project) as weak,
        closing(connect(project.database_url)) as reader,
        reader.cursor() as cursor,
    ):
        cursor.execute("begin isolation level repeatable read")
        cursor.execute("select count(*) from t")
        builder = psycopg2.connect(project.database_url.replace("+psycopg2", ""))
        builder.autocommit = True
        build = Thread(
            target=builder.cursor().execute, args=("create index concurrently t_n on t (n)",)
        )
        build.start()
        wait_until(
            lambda: project.query("select 1 from pg_index where not indisvalid"), "it is building"
        )

        result = project.migrate("check", "--json", DATABASE_URL=weak)
        repair = project.migrate("repair", "--json", DATABASE_URL=weak)

        cursor.execute("commit")
        build.join()
        builder.close()
    found = {check["name"]: check["status"] for check in result.json["checks"]}
    assert found["indexes"] == "pass", result.output
    assert (repair.exit_code, repair.json["findings"]) == (0, []), repair.output
