"""A revision that does not get its locks: tried again, never in anybody's way for long."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.forks import wait_until
from tests.support.sessions import Stalls, other_session

if TYPE_CHECKING:
    from tests.support.forks import Running
    from tests.support.project import Project

LOCK_TIMEOUT_SECONDS = 0.3
OWN_ENGINE = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
LOCK_HELD = (
    "select 1 from pg_locks l join pg_database d on d.oid = l.database "
    "where l.locktype = 'advisory' and d.datname = current_database()"
)


@pytest.fixture
def table(project: Project) -> Project:
    """Return a project with a table `t`, a pending revision `column`, and a quick schedule."""
    project.revision("table", "op.create_table('t', sa.Column('n', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    project.revision("column", "op.add_column('t', sa.Column('m', sa.Integer))")
    project.settings |= {
        "migrate.lock_timeout": str(LOCK_TIMEOUT_SECONDS),
        "migrate.lock_retry_pauses": "[0.1]",
        "migrate.lock_retry_seconds": "60",
    }
    return project


def give_up_at_once(project: Project) -> None:
    """Leave the schedule room for a few attempts, on a slow machine for two."""
    project.settings["migrate.lock_retry_seconds"] = "2"


def tried(run: Running, number: int, revision: str = "column") -> None:
    """Await that the attempt *number* of *run* has failed."""
    line = f"{revision}: attempt {number} failed"
    wait_until(lambda: line in run.printed(), line)


def last_step(project: Project) -> dict[str, Any]:
    """Return the newest step on record."""
    rows = project.query("select to_jsonb(s) from migrator.step s order by started_at desc")
    step: dict[str, Any] = rows[0][0]
    return step


def test_run_succeeds_when_the_reader_ends_and_the_record_counts_the_tries(table: Project) -> None:
    with other_session(table, "select * from t where n = 4711", "report") as reader:
        run = table.start("upgrade")
        tried(run, 2)
        reader.end()
        end = run.finish()

    step = last_step(table)
    assert end.exit_code == 0, end.output
    assert (step["outcome"], step["attempts"]) == ("applied", 3)
    assert table.current_revision() == "column"


def test_blockers_are_named_without_literals(table: Project) -> None:
    with other_session(table, "select * from t where n = 4711", "report") as reader:
        run = table.start("upgrade")
        tried(run, 2)
        reader.end()
        end = run.finish()

    recorded = last_step(table)["blockers"]
    first = recorded[0]
    assert f"blocked by pid {reader.pid} (report, user " in end.stderr
    assert {each["pid"] for each in recorded} == {reader.pid}
    assert (first["application"], first["state"]) == ("report", "idle in transaction")
    assert first["query"] == "select * from t where n = ?"
    assert first["age_seconds"] > 0
    assert first["sqlstate"] == "55P03"
    assert "4711" not in end.output


def test_two_blockers_are_both_named(table: Project) -> None:
    with (
        other_session(table, "select 1 from t", "first") as first,
        other_session(table, "select 2 from t", "second") as second,
    ):
        run = table.start("upgrade")
        tried(run, 2)
        first.end()
        second.end()
        end = run.finish()

    assert end.exit_code == 0, end.output
    applications = {each["application"] for each in last_step(table)["blockers"]}
    assert applications == {"first", "second"}
    assert {first.pid, second.pid} == {each["pid"] for each in last_step(table)["blockers"]}


def test_no_query_stands_still_for_longer_than_the_lock_timeout(table: Project) -> None:
    """Eight tries wait for 2.4 s in all; a SELECT behind them waits for one of them at most.

    Of several that waited the median counts: the machine may stand still once.
    """
    with (
        other_session(table, "select * from t") as reader,
        Stalls(table, "select * from t") as load,
    ):
        run = table.start("upgrade")
        tried(run, 8)
        waited = sorted(each for each in load.seconds if each > LOCK_TIMEOUT_SECONDS / 2)
        reader.end()
        assert run.finish().exit_code == 0

    assert len(waited) > 2, "the load never queued up behind the revision"
    assert waited[len(waited) // 2] < LOCK_TIMEOUT_SECONDS + 1.0


def test_each_try_has_its_timeout_again(table: Project) -> None:
    """The last one as well, whatever the one before it has set for the session."""
    table.revision(
        "greedy",
        """
        with open("seen", "a") as file:
            print(op.get_bind().execute(sa.text("show lock_timeout")).scalar(), file=file)
        with op.get_context().autocommit_block():
            op.execute("set lock_timeout = 250")
        op.execute("lock table t in access exclusive mode")
    """,
    )
    table.migrate("upgrade", "column")
    with other_session(table, "select * from t") as reader:
        run = table.start("upgrade")
        tried(run, 2, "greedy")
        reader.end()
        assert run.finish().exit_code == 0

    assert set((table.root / "seen").read_text().split()) == {"300ms"}


def test_deadlock_is_tried_again(table: Project) -> None:
    """The other session is never the victim: it looks for deadlocks a minute later."""
    name = table.query("select current_database()")[0][0]
    table.query(f"alter database {name} set deadlock_timeout = '100ms'")
    table.settings["migrate.lock_timeout"] = "5"
    table.query("create table u (n int)")
    table.revision(
        "both",
        """
        op.execute("lock table t")
        waiting = (
            "select 1 from pg_locks l join pg_database d on d.oid = l.database "
            "where relation = 't'::regclass and not granted and datname = current_database()"
        )
        if not os.path.exists("met"):
            open("met", "w").close()
            while not op.get_bind().execute(sa.text(waiting)).scalar():
                time.sleep(0.01)
        op.execute("lock table u")
    """,
    )
    table.migrate("upgrade", "column")

    with other_session(table, "set deadlock_timeout = '60s'; lock table u") as other:
        run = table.start("upgrade")
        wait_until((table.root / "met").exists, "the revision holds its first lock")
        thread = threading.Thread(target=other.execute, args=("lock table t",))
        thread.start()
        tried(run, 1, "both")
        thread.join()
        other.end()
        end = run.finish()

    assert end.exit_code == 0, end.output
    assert "both: attempt 1 failed (40P01 deadlock detected)" in end.stderr
    assert last_step(table)["attempts"] >= 2


def test_serialization_failure_is_tried_again(table: Project) -> None:
    name = table.query("select current_database()")[0][0]
    table.query(f"alter database {name} set default_transaction_isolation = 'repeatable read'")
    table.query("insert into t values (1)")
    table.revision(
        "data",
        """
        op.execute("select * from t")
        if not os.path.exists("overtaken"):
            open("overtaken", "w").close()
            import psycopg2
            other = psycopg2.connect(os.environ["DATABASE_URL"])
            other.cursor().execute("update t set n = n + 10")
            other.commit()
            other.close()
        op.execute("update t set n = n * 2")
    """,
    )

    end = table.migrate("upgrade")

    assert end.exit_code == 0, end.output
    assert "data: attempt 1 failed (40001" in end.stderr
    assert last_step(table)["attempts"] == 2
    assert table.query("select n from t") == [(22,)]


def test_used_up_schedule_leaves_the_database_untouched_and_says_who_blocks(
    table: Project,
) -> None:
    give_up_at_once(table)
    with other_session(table, "select * from t", "report") as reader:
        result = table.migrate("upgrade", "--json")

        error = result.json["error"]
        assert result.exit_code == 75, result.output
        assert (error["code"], error["sqlstate"]) == ("lock_timeout", "55P03")
        assert f"last blocked by pid {reader.pid} (report" in error["message"]
        assert "--terminate-blockers" in error["hint"]
        assert table.current_revision() == "table"
        assert not table.query(LOCK_HELD)
        assert last_step(table)["outcome"] == "failed"
        assert last_step(table)["attempts"] > 1

    assert table.migrate("upgrade").exit_code == 0


def test_used_up_schedule_names_what_the_run_has_committed(table: Project) -> None:
    """Exit 75 promises an untouched database: here the first revision is in."""
    give_up_at_once(table)
    table.migrate("upgrade")
    table.revision("free", "op.create_table('free', sa.Column('id', sa.Integer))")
    table.revision("blocked", "op.drop_column('t', 'm')")
    with other_session(table, "select * from t"):
        result = table.migrate("upgrade", "--json")

    assert result.exit_code == 1
    assert result.json["error"]["code"] == "revision_failed"
    assert "Committed in this run: free." in result.json["error"]["message"]
    assert "last blocked by pid" in result.json["error"]["message"]
    assert table.current_revision() == "free"


def test_revision_that_has_committed_something_is_not_run_twice(table: Project) -> None:
    """Nothing would take back the row that the first try has left."""
    table.revision(
        "half",
        """
        with op.get_context().autocommit_block():
            op.execute("insert into t (n) values (815)")
        op.add_column('t', sa.Column('o', sa.Integer))
    """,
    )
    table.migrate("upgrade", "column")
    with other_session(table, "lock table t in share update exclusive mode"):
        result = table.migrate("upgrade", "--json")

    message = result.json["error"]["message"]
    assert result.exit_code == 1, result.output
    assert "a part of the revision IS committed: insert into t (n) values (?)" in message
    assert table.query("select count(*) from t") == [(1,)]
    assert last_step(table)["attempts"] == 1


def test_env_that_connects_by_itself_is_tried_again_and_its_blocker_named(table: Project) -> None:
    """The lock is waited for by another session than the one that holds the run's lock."""
    (table.root / "alembic" / "env.py").write_text(OWN_ENGINE)
    with other_session(table, "select * from t", "report") as reader:
        run = table.start("upgrade")
        tried(run, 2)
        reader.end()
        end = run.finish()

    assert end.exit_code == 0, end.output
    assert {each["pid"] for each in last_step(table)["blockers"]} == {reader.pid}


def test_signal_between_two_tries_ends_the_run_at_once(table: Project) -> None:
    table.settings["migrate.lock_retry_pauses"] = "[50]"
    with other_session(table, "select * from t"):
        run = table.start("upgrade")
        tried(run, 1)

        run.signal(signal.SIGTERM)

        assert run.finish(timeout_seconds=30).exit_code == 143
    assert not table.query(LOCK_HELD)
    assert last_step(table)["outcome"] == "interrupted"


def test_pause_outlives_the_timeout_of_idle_sessions(table: Project) -> None:
    """It would end the session that holds the run's lock."""
    name = table.query("select current_database()")[0][0]
    table.query(f"alter database {name} set idle_session_timeout = '1s'")
    table.settings["migrate.lock_retry_pauses"] = "[2.5]"
    with other_session(table, "select * from t") as reader:
        run = table.start("upgrade")
        tried(run, 1)
        reader.end()
        end = run.finish()

    assert end.exit_code == 0, end.output


def test_allowed_idle_session_is_ended_when_asked(table: Project) -> None:
    table.settings["migrate.terminate_applications"] = "report"
    with other_session(table, "select * from t", "report") as reader:
        result = table.migrate("upgrade", "--terminate-blockers")

    assert result.exit_code == 0, result.output
    assert f"ended pid {reader.pid} (report)" in result.stderr
    assert [each["terminated"] for each in last_step(table)["blockers"]] == [True]


@pytest.mark.parametrize(
    ("applications", "flags"),
    [("other", ["--terminate-blockers"]), ("", ["--terminate-blockers"]), ("report", [])],
    ids=["not-listed", "empty-list", "not-asked"],
)
def test_session_is_never_ended_without_list_and_flag(
    table: Project, applications: str, flags: list[str]
) -> None:
    give_up_at_once(table)
    table.settings["migrate.terminate_applications"] = (
        f'["{applications}"]' if applications else "[]"
    )
    with other_session(table, "select * from t", "report") as reader:
        result = table.migrate("upgrade", *flags)

        reader.execute("select 'still here'")
    assert result.exit_code == 75, result.output


def test_allowed_session_at_work_is_not_ended(table: Project) -> None:
    """It is not idle: what it does would be lost."""
    give_up_at_once(table)
    table.settings["migrate.terminate_applications"] = "report"
    with other_session(table, "select * from t", "report") as reader:
        work = threading.Thread(target=reader.execute_cancelled, args=("select pg_sleep(600)",))
        work.start()
        busy = (
            "select 1 from pg_stat_activity "
            "where query = 'select pg_sleep(600)' and datname = current_database()"
        )
        wait_until(lambda: table.query(busy), "the session works")

        result = table.migrate("upgrade", "--terminate-blockers")

        table.query("select pg_cancel_backend(%s)", reader.pid)
        work.join()
    assert result.exit_code == 75, result.output


def test_ledger_of_an_older_version_gets_the_new_column(table: Project) -> None:
    table.query("alter table migrator.step drop column blockers")
    table.query("comment on schema migrator is null")

    result = table.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert last_step(table)["blockers"] == []


def test_lock_that_is_lost_in_a_pause_ends_the_tries(table: Project) -> None:
    """Another run may have begun: this one must not go on beside it."""
    (table.root / "alembic" / "env.py").write_text(OWN_ENGINE)
    with other_session(table, "select * from t", "report"):
        run = table.start("upgrade", "--json")
        tried(run, 1)
        ended = table.query(LOCK_HELD.replace("select 1", "select pg_terminate_backend(l.pid)"))
        end = run.finish()

    assert (True,) in ended
    assert (end.exit_code, end.json["error"]["code"]) == (1, "connection_lost"), end.output
    assert table.current_revision() == "table"


def test_timeouts_double_up_to_the_one_that_is_set(table: Project) -> None:
    table.revision(
        "greedy",
        """
        with open("seen", "a") as file:
            print(op.get_bind().execute(sa.text("show lock_timeout")).scalar(), file=file)
        op.execute("lock table t in access exclusive mode")
    """,
    )
    table.migrate("upgrade", "column")
    table.settings["migrate.lock_timeout"] = "2"
    with other_session(table, "select * from t") as reader:
        run = table.start("upgrade")
        tried(run, 3, "greedy")
        reader.end()
        assert run.finish().exit_code == 0

    assert (table.root / "seen").read_text().split()[:3] == ["500ms", "1s", "2s"]
