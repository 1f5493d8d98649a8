"""An error of a revision names statement, file and line, wherever it is read."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.chain import SLEEP, start_asleep
from tests.support.foreign_envs import ASYNC
from tests.support.forked_terminal import on_terminal
from tests.support.forks import wait_until
from tests.support.sessions import other_session

if TYPE_CHECKING:
    from tests.support.project import Project

BODY_STARTS_AT = 17
"""The line of `upgrade`'s first statement in the files that the kit writes."""
FILE = "alembic/versions/20260001_two.py"


@pytest.fixture
def one(project: Project) -> Project:
    """Make a project whose first revision creates a table with a row of somebody."""
    project.revision(
        "one",
        """
        op.execute("create table person (name text, code int)")
        op.execute("insert into person values ('Mr Canary', 7), ('Mr Canary', 7)")
        """,
    )
    return project


def test_statement_file_and_line_are_in_text_json_and_record(one: Project) -> None:
    one.revision(
        "two",
        """
        op.execute("create table two (id int)")
        op.execute(
            "alter table person add constraint person_code check (code > 7777), add unique (name)"
        )
        """,
    )

    text = one.migrate("upgrade")
    result = one.migrate("upgrade", "--json")

    error, record = result.json["error"], one.last_run()["error"]
    lines = text.stderr.splitlines()
    statement = "alter table person add constraint person_code check (code > ?), add unique (name)"
    assert f"  at:   {FILE}:{BODY_STARTS_AT + 1}" in lines
    assert f"  sql:  {statement}" in lines
    for each in (error, record):
        assert (each["file"], each["line"]) == (FILE, BODY_STARTS_AT + 1)
        assert each["statement"] == statement
        assert each["sqlstate"] in {"23514", "23505"}
        assert "table public.person" in each["detail"]
    assert "Canary" not in text.output + result.output
    assert "7777" not in text.output + result.output


def test_detail_and_hint_of_the_server_have_keys_of_their_own(one: Project) -> None:
    one.revision("two", "op.execute('create view v as select name from person')")
    one.revision("three", "op.execute('alter table person drop column name')")

    result = one.migrate("upgrade", "--json")

    for error in (result.json["error"], one.last_run()["error"]):
        assert error["detail"] == "view v depends on column name of table person"
        assert error["server_hint"].startswith("Use DROP ... CASCADE")


def test_line_is_the_revisions_own_when_a_helper_sends_the_statement(one: Project) -> None:
    (one.root / "alembic" / "helper.py").write_text(
        "from alembic import op\n\n\ndef send():\n    op.execute('selekt 1')\n"
    )
    one.revision(
        "two",
        f"""
        import sys
        sys.path.append({str(one.root / "alembic")!r})
        import helper
        helper.send()
        """,
    )

    result = one.migrate("upgrade", "--json")

    error = result.json["error"]
    assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT + 3)
    assert error["statement"] == "selekt ?"


def test_error_of_python_names_its_line_and_no_statement(one: Project) -> None:
    one.revision("two", "op.execute('select 1')\nop.create_tabel('two')")

    result = one.migrate("upgrade", "--json")

    error = result.json["error"]
    assert "AttributeError" in error["message"]
    assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT + 1)
    assert "statement" not in error


def test_line_is_known_where_a_driver_of_asyncio_runs_the_revision(one: Project) -> None:
    one.revision("two", "op.execute('select 1')\nop.execute('selekt 2')")
    (one.root / "alembic" / "env.py").write_text(ASYNC)
    url = one.database_url.replace("postgresql://", "postgresql+asyncpg://", 1)

    result = one.migrate("upgrade", "--json", DATABASE_URL=url)

    error = result.json["error"]
    assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT + 1), result.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_interrupted_run_names_the_statement_that_it_was_in(
    one: Project, number: signal.Signals
) -> None:
    one.revision("two", f"op.execute('select 1')\n{SLEEP}")
    run = start_asleep(one, "--json")

    run.signal(number)

    result = run.finish()
    for error in (result.json["error"], one.last_run()["error"]):
        assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT + 1)
        assert error["statement"] == "select pg_sleep(?)"


def test_interrupted_run_that_computes_names_the_line_alone(one: Project) -> None:
    one.revision("two", "op.execute('select 1')\nopen('here', 'w').close()\ntime.sleep(600)")
    run = one.start("upgrade", "--json")
    wait_until((one.root / "here").exists, "the revision sleeps")

    run.signal(signal.SIGTERM)

    error = run.finish().json["error"]
    assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT + 2)
    assert "statement" not in error


def test_lock_timeout_names_the_statement_that_waited(one: Project) -> None:
    one.revision("two", "op.execute('select 1')\nop.execute('alter table person add x int')")
    one.migrate("upgrade", "one")
    one.settings |= {"migrate.lock_timeout": "0.3", "migrate.lock_retry_pauses": "[]"}

    with other_session(one, "lock table person", "report"):
        result = one.migrate("upgrade", "--json")

    error = result.json["error"]
    assert error["code"] == "lock_timeout", result.output
    assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT + 1)
    assert error["statement"] == "alter table person add x int"


def test_end_of_the_own_transaction_names_its_line(one: Project) -> None:
    one.revision("two", "op.execute('create table two (id int)')\nop.execute('commit')")

    result = one.migrate("upgrade", "--json")

    error = result.json["error"]
    assert error["code"] == "transaction_ended"
    assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT + 1)


def test_plugins_and_events_get_the_place(one: Project) -> None:
    one.plugin(
        "listener",
        """
        from sst.hooks import hookimpl


        @hookimpl
        def pre_migrate(run):
            pass


        @hookimpl
        def migrate_failed(run, failure):
            print(f"heard {failure.file}:{failure.line} {failure.statement}")
        """,
    )
    one.enable("listener")
    one.revision("two", "op.execute('selekt 1')")

    result = one.migrate("upgrade")

    assert f"heard {FILE}:{BODY_STARTS_AT} selekt ?" in result.output
    failed = [event for event in result.events if event["event"] == "run_failed"]
    assert [(event["file"], event["line"]) for event in failed] == [(FILE, BODY_STARTS_AT)]
    assert failed[0]["statement"] == "selekt ?"


def test_runs_show_has_the_place_as_text_and_json(one: Project) -> None:
    one.revision("two", "op.execute('selekt 1')")
    one.migrate("upgrade")
    run_id = one.last_run()["id"]

    text = one.migrate("runs", "show", run_id)
    error = one.migrate("runs", "show", run_id, "--json").json["run"]["error"]

    assert f"place\t{FILE}:{BODY_STARTS_AT}" in text.stdout
    assert (error["file"], error["line"]) == (FILE, BODY_STARTS_AT)


def test_query_of_the_way_on_can_be_marked_on_a_terminal(one: Project) -> None:
    """Half asleep at 80 columns: place and statement have lines of their own, nothing is cut."""
    one.revision("two", "op.create_unique_constraint('uq_person_name', 'person', ['name'])")

    with on_terminal(one, "upgrade") as terminal:
        code = terminal.finish()
        lines = [line.rstrip() for line in terminal.text.splitlines()]

    assert code == 1
    assert f"  at:   {FILE}:{BODY_STARTS_AT}" in lines
    assert "  sql:  ALTER TABLE person ADD CONSTRAINT uq_person_name UNIQUE (name)" in lines
    shown = " ".join(line.strip() for line in lines)
    query = "`select name, count(*) from public.person group by name having count(*) > 1`"
    assert f"merge or remove the duplicates first: {query} finds them" in shown
    assert "Canary" not in shown
