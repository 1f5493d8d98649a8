"""Statements of plugins on the run's database: `Run.fetch`, `Run.execute`, `Run.engine`."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

OURS = """select count(*) from pg_stat_activity
    where datname = current_database() and application_name like 'sst-plugin %'"""
OTHERS = f"{OURS} and pid <> pg_backend_pid()"


@pytest.fixture
def site(project: Project) -> Project:
    """Return a project with the table `site`, a second revision to run, and the plugin `own`."""
    project.revision("one", "op.execute('create table site (id int primary key, name text)')")
    assert project.migrate("upgrade").exit_code == 0
    project.query("insert into site values (1, 'a'), (2, 'b')")
    project.revision("two", "op.execute('create table two (id int)')")
    project.enable("own")
    return project


def write(project: Project, body: str, hook: str = "pre_migrate(run)") -> None:
    """Let the plugin `own` do *body* in *hook*."""
    project.plugin(
        "own",
        "import sqlalchemy as sa\n"
        "from sst.hooks import StatementFailedError, hookimpl\n"
        "def tell(value): open('told', 'a').write(repr(value))\n"
        f"@hookimpl\ndef {hook}:\n    {body}\n",
    )


def is_asleep(project: Project) -> Callable[[], bool]:
    """Return what says whether the statement of the plugin is at work."""
    return lambda: project.query(f"{OURS} and query like '%pg_sleep%'") == [(1,)]


def told(project: Project) -> str:
    """Return what the plugin has told."""
    return (project.root / "told").read_text()


def test_fetch_returns_tuples_and_takes_named_parameters(site: Project) -> None:
    write(site, "tell(run.fetch('select id, name from site where name = :name', name='b'))")

    result = site.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert told(site) == "[(2, 'b')]"


def test_parameter_may_be_called_sql(site: Project) -> None:
    write(site, "tell(run.fetch('select id from site where name = :sql', sql='a'))")

    site.migrate("upgrade")

    assert told(site) == "[(1,)]"


def test_fetch_of_what_has_no_rows_is_empty(site: Project) -> None:
    write(site, "tell(run.fetch('set search_path = public'))")

    site.migrate("upgrade")

    assert told(site) == "[]"


def test_execute_commits_and_counts_rows_though_the_run_fails(site: Project) -> None:
    site.revision("three", "op.execute('select from nowhere')")
    write(site, "tell(run.execute('update site set name = :to where id > :id', to='%', id=1))")

    result = site.migrate("upgrade")

    assert result.exit_code == 1
    assert told(site) == "1"
    assert site.query("select name from site order by id") == [("a",), ("%",)]


def test_execute_of_ddl_counts_nothing(site: Project) -> None:
    write(site, "tell(run.execute('create table own (id int)'))")

    site.migrate("upgrade")

    assert told(site) == "0"


def test_engine_takes_what_no_transaction_holds(site: Project) -> None:
    write(
        site,
        "with run.engine().connect() as c:\n"
        "        c.execution_options(isolation_level='AUTOCOMMIT')\n"
        "        c.execute(sa.text('vacuum site'))\n"
        "        tell(c.execute(sa.text('show lock_timeout')).scalar())",
    )

    result = site.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert told(site) == "'2s'"


def test_statements_have_the_timeouts_of_the_migration(site: Project) -> None:
    site.settings["migrate.lock_timeout"] = 0.25
    site.settings["migrate.statement_timeout"] = 1.5
    write(
        site,
        "[tell(run.fetch(f'show {name}_timeout')[0][0]) for name in ('lock', 'statement')]",
    )

    site.migrate("upgrade")

    assert told(site) == "'250ms''1500ms'"


def test_write_that_waits_for_a_lock_is_given_up(site: Project, database_url: str) -> None:
    site.settings["migrate.lock_timeout"] = 0.25
    write(site, "run.execute('update site set name = :name', name='hidden')")
    with closing(connect(database_url)) as other, other.cursor() as cursor:
        other.autocommit = False
        cursor.execute("lock table site")

        result = site.migrate("upgrade")

    assert result.exit_code == 5
    assert "The statement `update site set name = :name` failed: LockNotAvailable" in result.stderr
    assert "another session holds the lock for longer than migrate.lock_timeout" in result.stderr
    assert "hidden" not in result.output


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("run.fetch(\"insert into site values (3, 'hidden')\")", "write with run.execute"),
        ("run.execute(\"insert into site values (1, 'hidden')\")", "correct the statement"),
        ("run.fetch('select :one')", "give every `:name` in it a value by its name"),
        ("run.fetch('select :a', a=object())", "or a value that it is given"),
        ("run.execute('vacuum site')", "on a connection of run.engine() with the isolation"),
        ("run.fetch('select from nowhere')", 'relation "nowhere" does not exist'),
    ],
    ids=["read-only", "unique", "no parameter", "no value of SQL", "no transaction", "no table"],
)
def test_failing_statement_is_named_without_its_values(
    site: Project, body: str, expected: str
) -> None:
    write(site, body)

    result = site.migrate("upgrade")

    assert result.exit_code == 5
    assert "The statement `" in result.stderr
    assert expected in result.stderr
    assert "hidden" not in result.output
    assert "plugins/own.py:6" in result.stderr


def test_plugin_can_go_on_after_a_failing_statement(site: Project) -> None:
    write(
        site,
        "try:\n        run.fetch('select from nowhere')\n"
        "    except StatementFailedError as error:\n        tell(error.sqlstate)",
    )

    assert site.migrate("upgrade").exit_code == 0
    assert told(site) == "'42P01'"


def test_connection_that_a_plugin_leaves_open_ends_with_the_run(site: Project) -> None:
    write(site, "global c; c = run.engine().connect(); c.execute(sa.text('select from site'))")
    result = site.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert "plugin own: left a connection of run.engine() open" in result.stderr
    assert site.query(OURS) == [(0,)]


def test_signal_cancels_the_statement_of_a_gate(site: Project) -> None:
    write(site, "run.execute('select pg_sleep(600)')")
    running = site.start("upgrade")
    wait_until(is_asleep(site), "the statement")

    running.signal(signal.SIGTERM)
    result = running.finish()

    assert result.exit_code == 143, result.output
    wait_until(lambda: site.query(OURS) == [(0,)], "the end of its session")


def test_killed_process_leaves_no_statement_behind(site: Project) -> None:
    write(site, "run.execute('select pg_sleep(600)')")
    running = site.start("upgrade")
    wait_until(is_asleep(site), "the statement")

    running.signal(signal.SIGKILL)
    running.finish()

    wait_until(lambda: site.query(OURS) == [(0,)], "the end of its session")


def test_statements_work_aside_on_connections_that_are_closed_at_once(site: Project) -> None:
    write(
        site,
        "with run.aside():\n"
        "        tell(run.fetch('select count(*) from site'))\n"
        "        tell(run.fetch(OTHERS))".replace("OTHERS", repr(OTHERS)),
    )

    result = site.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert told(site) == "[(2,)][(0,)]"


def test_observer_reads_what_is_committed(site: Project) -> None:
    write(
        site,
        "tell(run.fetch(\"select to_regclass('two')::text\"))",
        "post_revision(run, revision)",
    )

    assert site.migrate("upgrade").exit_code == 0
    assert told(site) == "[('two',)]"


def test_review_of_a_plan_reads_and_writes_nothing(site: Project) -> None:
    write(
        site,
        "run.note('a', 1)\n"
        "    tell(run.fetch('select count(*) from site'))\n"
        "    run.execute('delete from site')",
        "review_plan(run)",
    )

    result = site.migrate("plan")

    assert told(site) == "[(2,)]"
    assert "`plan` and `check` change nothing" in result.output
    assert site.query("select count(*) from site") == [(2,)]
