"""`in_revision`: a plugin writes in the revision's own transaction, and nothing of it leaks."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

PLUGIN = """
from sst.hooks import Veto, hookimpl

@hookimpl
def in_revision(run, revision, connection):
    sql = connection.exec_driver_sql
    {body}
"""
AUDIT = "sql(f\"insert into audit values ('{revision.id}')\")"


@pytest.fixture
def audited(project: Project) -> Project:
    """Two revisions, a table `audit`, and a plugin that writes a row of it in each of them."""
    for name in ("one", "two"):
        project.revision(
            name, f"op.execute('create table {name} (id int)')", "op.drop_table(name)"
        )
    project.query("create table audit (revision text)")
    write(project, AUDIT)
    project.enable("auditor")
    return project


@pytest.fixture
def owner(project: Project) -> Iterator[str]:
    """Return a role that may create in the schema, and nothing else."""
    name = "owner_" + project.database_url.rpartition("/")[2].partition("?")[0]
    project.query(f"create role {name}")
    project.query(f"grant create on schema public to {name}")
    yield name
    project.query(f"drop owned by {name}")
    project.query(f"drop role {name}")


def write(project: Project, *lines: str) -> None:
    """Give the plugin `auditor` a body."""
    project.plugin("auditor", PLUGIN.format(body="\n    ".join(lines)))


def rows(project: Project) -> list[str]:
    """Return what was written into `audit`."""
    return [row[0] for row in project.query("select revision from audit")]


def test_written_rows_commit_with_each_revision(audited: Project) -> None:
    result = audited.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert rows(audited) == ["one", "two"]


def test_written_row_rolls_back_with_the_revision(audited: Project) -> None:
    audited.revision("three", "op.execute('select 1/0')")

    result = audited.migrate("upgrade")

    assert (result.exit_code, audited.current_revision()) == (1, "two")
    assert rows(audited) == ["one", "two"]


def test_downgrade_is_entered_too(audited: Project) -> None:
    audited.revision("three", "pass", "pass")
    audited.migrate("upgrade")

    result = audited.migrate("downgrade", "-1")

    assert result.exit_code == 0, result.output
    assert rows(audited) == ["one", "two", "three", "three"]


def test_raising_stops_there_and_names_what_is_committed(audited: Project) -> None:
    write(audited, AUDIT, "if revision.id == 'two': raise Veto('not this one', 'ask')")

    result = audited.migrate("upgrade", "--json")

    assert (result.exit_code, audited.current_revision()) == (1, "one")
    assert "stopped the run in in_revision" in result.json["error"]["message"]
    assert "committed in this run: one" in result.json["error"]["message"]
    assert rows(audited) == ["one"]


def test_raising_in_the_first_revision_refuses_the_run(audited: Project) -> None:
    write(audited, AUDIT, "raise RuntimeError('no')")

    result = audited.migrate("upgrade", "--json")

    assert (result.exit_code, audited.current_revision()) == (5, None)
    assert "nothing was touched" in result.json["error"]["message"]
    assert rows(audited) == []


@pytest.mark.parametrize(
    "end", ["connection.commit()", "connection.rollback()", "connection.close()", "sql('COMMIT')"]
)
def test_plugin_that_ends_the_transaction_is_named_not_the_revision(
    audited: Project, end: str
) -> None:
    write(audited, AUDIT, end)

    result = audited.migrate("upgrade", "--json")

    error = result.json["error"]
    assert (result.exit_code, error["code"]) == (1, "stopped"), result.output
    assert "The plugin 'auditor' ended the transaction of revision one" in error["message"]
    assert audited.current_revision() is None
    assert audited.last_run()["outcome"] == "failed"


def test_value_that_a_plugins_statement_stumbles_over_is_told_to_nobody(audited: Project) -> None:
    write(audited, "sql('select cast(%s as int)', ('canary-7777',))")

    result = audited.migrate("upgrade", "--json")

    message = result.json["error"]["message"]
    assert 'invalid input syntax for type integer: "?" [plugins/auditor.py:' in message
    assert "canary-7777" not in result.output + str(audited.last_run())


def test_connection_lost_in_a_plugins_statement_is_not_the_plugins_doing(audited: Project) -> None:
    """The plugin was told that it had ended the transaction."""
    write(audited, "sql('select pg_terminate_backend(pg_backend_pid())')")

    result = audited.migrate("upgrade", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (1, "connection_lost")
    assert "ended the transaction" not in result.output
    assert audited.current_revision() is None


def test_look_at_a_table_that_the_revision_has_locked_comes_to_an_end(audited: Project) -> None:
    """The server sees no deadlock there: the run hung for ever."""
    audited.settings |= {"migrate.lock_timeout": "0.2", "migrate.lock_retry_seconds": "0"}
    write(
        audited,
        "sql('lock table audit')",
        "with run.inspect() as look: look.fetch('select * from audit')",
    )

    result = audited.migrate("upgrade", "--json")

    assert result.exit_code == 5, result.output
    assert "auditor" in result.json["error"]["message"]
    assert "lock timeout" in result.json["error"]["message"]


def test_plugin_that_leaves_the_transaction_failed_is_named(audited: Project) -> None:
    write(audited, "try: sql('select 1/0')", "except Exception: pass")

    result = audited.migrate("upgrade", "--json")

    assert result.exit_code == 5
    assert "The plugin 'auditor' refused the run in in_revision" in result.json["error"]["message"]


@pytest.mark.parametrize("how", ["set role", "set local role"])
def test_role_is_the_revisions_and_no_other_statements(
    audited: Project, owner: str, how: str
) -> None:
    """The role may not write the version table: only without it does the run succeed."""
    write(audited, f"if revision.id == 'one': sql('{how} {owner}')")

    result = audited.migrate("upgrade")

    assert result.exit_code == 0, result.output
    owners = dict(
        audited.query("select tablename, tableowner from pg_tables where schemaname = 'public'")
    )
    assert owners["one"] == owner
    assert owner not in (owners["two"], owners["alembic_version"])


def test_role_goes_through_an_autocommit_block_and_is_put_back_when_that_fails(
    audited: Project, owner: str
) -> None:
    audited.revision(
        "three",
        """
        with op.get_context().autocommit_block():
            op.execute("create table of_owner (id int)")
            op.execute("select 1/0")
    """,
    )
    write(audited, f"sql('set role {owner}')")

    result = audited.migrate("upgrade", "--json")

    assert result.json["error"]["code"] == "revision_failed", result.output
    assert "DivisionByZero" in result.json["error"]["message"]
    owned = audited.query("select tableowner from pg_tables where tablename = 'of_owner'")
    assert owned == [(owner,)]


def test_each_attempt_is_entered(audited: Project) -> None:
    """The transaction of an attempt is new, so what was written in the last one is gone."""
    audited.migrate("upgrade")
    audited.query("delete from audit")
    audited.revision("three", "op.execute('alter table one add column n int')")
    audited.settings["migrate.lock_timeout"] = "0.2"
    with closing(connect(audited.database_url)) as blocker, blocker.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("select * from one")
        run = audited.start("upgrade", "--json")
        tried = "select 1 from migrator.step where revision = 'three' and attempts > 1"
        wait_until(lambda: audited.query(tried), "a second attempt is on record")
        cursor.execute("rollback")

    end = run.finish()

    assert end.exit_code == 0, end.output
    assert rows(audited) == ["three"]


def test_plugins_own_statement_without_a_lock_is_tried_again(audited: Project) -> None:
    audited.settings["migrate.lock_timeout"] = "0.2"
    with closing(connect(audited.database_url)) as blocker, blocker.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table audit")
        run = audited.start("upgrade", "--json")
        tried = "select 1 from migrator.step where attempts > 1"
        wait_until(
            lambda: (
                audited.query("select to_regclass('migrator.step')") != [(None,)]
                and audited.query(tried)
            ),
            "a second attempt is on record",
        )
        cursor.execute("rollback")

    end = run.finish()

    assert end.exit_code == 0, end.output
    assert rows(audited) == ["one", "two"]


def test_warning_that_a_plugin_causes_names_it(audited: Project) -> None:
    write(audited, "sql('set lock_timeout = 0')")

    result = audited.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert result.json["warnings"][0].startswith("one, plugin auditor: took lock_timeout away")


def test_connection_that_env_py_opens_itself_is_the_one(audited: Project) -> None:
    env = audited.root / "alembic" / "env.py"
    env.write_text("""
from alembic import context
from sqlalchemy import create_engine
with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
""")

    result = audited.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert rows(audited) == ["one", "two"]


def test_gate_inside_a_revision_cannot_be_made_a_warning(audited: Project) -> None:
    text = 'MAY_WARN = ("in_revision",)' + PLUGIN.format(body=AUDIT)
    audited.plugin("auditor", text)

    result = audited.migrate("upgrade")

    assert result.exit_code == 2
    assert "MAY_WARN names in_revision" in result.output
