"""What the server says of an error is told where it holds no data, with what to do about it."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sst.db.advice import advice_for
from sst.db.server_errors import server_message, sqlstate_of
from sst.db.url import DatabaseUrl
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from tests.support.project import Project

_SCHEMA = """
    create table t1 (id int primary key, s varchar(10) not null unique, n int check (n > 0));
    create view v1 as select s from t1;
    create table t2 (id int references t1);
    create type mood as enum ('fine');
    create function angry() returns void language plpgsql as $$ begin
        raise exception 'no' using detail = 'Mr canary', hint = 'ask Mr canary'; end $$;
    insert into t1 values (1, 'canary', 1);
    insert into t2 values (1)
"""


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Return a connection to a database with two tables, a view and a row."""
    engine = create_engine(DatabaseUrl(database_url).for_psycopg2(), poolclass=NullPool)
    with closing(engine.connect()) as opened:
        opened.exec_driver_sql(_SCHEMA)
        opened.commit()
        yield opened
    engine.dispose()


def raised_by(connection: Connection, sql: str) -> DBAPIError:
    """Return what the server raises at *sql*."""
    with pytest.raises(DBAPIError) as raised:
        connection.exec_driver_sql(sql)
    connection.rollback()
    return raised.value


def test_detail_and_hint_name_the_objects_in_the_way(connection: Connection) -> None:
    told = server_message(raised_by(connection, "alter table t1 drop column s"))

    assert told == (
        "DependentObjectsStillExist: cannot drop column s of table t1 because other objects "
        "depend on it: view v1 depends on column s of table t1 "
        "(hint: Use DROP ... CASCADE to drop the dependent objects too.)"
    )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("insert into t1 values (2, 'canary', 1)", "t1_s_key"),
        ("insert into t1 values (3, null, 1)", 'column "s"'),
        ("insert into t1 values (3, 'canary2', -1)", "t1_n_check"),
        ("insert into t2 values (7777)", "t2_id_fkey"),
        ("delete from t1", "t2_id_fkey"),
        ("create unique index u on t1 ((n * 0)); insert into t1 values (4, 'canary4', 5)", '"u"'),
        ("select angry()", "no"),
    ],
)
def test_detail_that_quotes_a_row_is_left_out(
    connection: Connection, sql: str, words: str
) -> None:
    told = server_message(raised_by(connection, sql))

    assert words in told
    assert "canary" not in told
    assert "7777" not in told
    assert "(1)" not in told


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select s::int from t1", 'invalid input syntax for type integer: "?"'),
        ("select s::mood from t1", 'invalid input value for enum mood: "?"'),
        ("select (s || '\n\"x\" 7777')::date from t1", 'invalid input syntax for type date: "?"'),
        ("select ('99999' || '77770000')::int", 'value "?" is out of range for type integer'),
        ("select '2020-77-77'::date", 'date/time field value out of range: "?"'),
        ("insert into t1 values 'canary'", 'syntax error at or near "?"'),
        ("create role r password 'it' 'canary' x", 'syntax error at or near "?"'),
        ("select 1 as x 'canary", 'unterminated quoted string at or near "?"'),
        ("selekt 1", 'syntax error at or near "selekt"'),
    ],
)
def test_value_in_a_message_is_left_out(connection: Connection, sql: str, told: str) -> None:
    """A cast quotes the first value that it stumbles over, which is that of a row."""
    found = server_message(raised_by(connection, sql))

    assert found.partition(": ")[2].partition(" (hint: ")[0] == told


@pytest.mark.parametrize(
    "message",
    [
        "la sintaxis de entrada no es válida para tipo integer: «canary»",
        "ungültige Eingabesyntax für Typ integer: »canary«",
        "syntaxe en entrée invalide pour le type integer : « canary »",
    ],
)
def test_value_in_a_message_of_another_language_is_left_out(message: str) -> None:
    class RaisedError(Exception):
        """What psycopg2 raises."""

        pgcode = "22P02"
        diag = SimpleNamespace(message_primary=message)

    told = server_message(RaisedError(message))

    assert "canary" not in told
    assert "integer" in told


def test_line_of_a_block_is_named_without_its_statement(connection: Connection) -> None:
    block = "do $$ begin\n  insert into t1 values (9, 'canary9', 1);\n  perform 1/0;\nend $$"

    told = server_message(raised_by(connection, block))

    assert told == (
        "DivisionByZero: division by zero (in PL/pgSQL function inline_code_block line 3)"
    )


def test_long_detail_is_counted(connection: Connection) -> None:
    views = (
        "select format('create view w%%s as select s from t1', g) from generate_series(1, 150) g"
    )
    for (statement,) in connection.exec_driver_sql(views).all():
        connection.exec_driver_sql(statement)

    told = server_message(raised_by(connection, "drop table t1"))

    assert told.count("depends on") == 5
    # Each view, v1 and the foreign key of t2.
    assert "and 147 more" in told


@pytest.mark.parametrize(
    ("sql", "state", "advice"),
    [
        ("vacuum", "25001", "autocommit_block"),
        ("set transaction read only; create table x ()", "25006", "go to the primary"),
        ("alter table t1 drop column s", "2BP01", "drop first what depends on it"),
        (
            "alter type mood add value 'sad'; select 'sad'::mood",
            "55P04",
            "add it in a revision of its own before",
        ),
        ("set local statement_timeout = 1; select pg_sleep(9)", "57014", "statement_timeout"),
        ("insert into t1 values (1, 'x', 1)", "23505", "correct the rows that are in the way"),
        ("select 'x'::int", "22P02", "correct the data"),
        (
            "create role weak_1; set role weak_1; create schema s",
            "42501",
            "grant create on database",
        ),
        (
            """revoke all on schema public from public; create role weak_2; set role weak_2;
            create table public.x ()""",
            "42501",
            "`grant create on schema public to app`",
        ),
        ("create role weak_3; set role weak_3; drop table t1", "42501", "the role that owns"),
        ("create role weak_4; set role weak_4; table t1", "42501", "`grant all on t1 to app`"),
        ("select 1/0", "22012", "correct the data or the revision"),
    ],
)
def test_advice_is_for_the_cause(
    connection: Connection, sql: str, state: str, advice: str
) -> None:
    error = raised_by(connection, sql)

    assert sqlstate_of(error) == state
    assert advice in (advice_for(error, "app") or "")


def test_syntax_error_is_for_the_author_of_the_revision(connection: Connection) -> None:
    assert advice_for(raised_by(connection, "selekt 1")) is None


def test_object_in_the_way_is_in_output_json_and_record(project: Project) -> None:
    project.revision(
        "a1", "op.execute('create table t (s int); create view v as select s from t')"
    )
    project.revision("a2", "op.drop_column('t', 's')")
    told = "view v depends on column s of table t"

    result = project.migrate("upgrade", "--json")

    [(error,)] = project.query("select error from migrator.run")
    assert told in result.json["error"]["message"]
    assert "drop first what depends on it" in result.json["error"]["hint"]
    assert told in error["why"]


def test_timeout_of_an_idle_session_does_not_end_a_run(project: Project) -> None:
    """Half the servers of managed clouds have one; a revision may think between two statements."""
    name = project.database_url.split("?")[0].rsplit("/", 1)[-1]
    project.query(f"alter database {name} set idle_in_transaction_session_timeout = '100ms'")
    project.query(f"alter database {name} set idle_session_timeout = '100ms'")
    project.revision(
        "slow",
        """
        import time
        op.execute("create table slow (id int)")
        shown = op.get_bind().exec_driver_sql("show idle_in_transaction_session_timeout")
        assert shown.scalar() == "0"
        """,
    )

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output


def test_read_only_server_is_told_as_such(project: Project) -> None:
    name = project.database_url.split("?")[0].rsplit("/", 1)[-1]
    project.query(f"alter database {name} set default_transaction_read_only = on")
    project.revision("one", "op.execute('create table one (id int)')")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 5, result.output
    assert "go to the primary" in result.json["error"]["hint"]


def test_role_without_a_right_on_the_schema_reads_the_grant(project: Project) -> None:
    """As PostgreSQL 15 and newer make a database: CREATE on it, and not on its schema public."""
    project.query("revoke create on schema public from public")
    project.revision("one", "op.execute('create table one (id int)')")
    with role(project) as url:
        weak = DatabaseUrl(url)
        project.query(f"grant create on database {weak.name} to {weak.role}")

        result = project.migrate("upgrade", "--json", DATABASE_URL=url)

    assert f"`grant create on schema public to {weak.role}`" in result.json["error"]["hint"]


@pytest.fixture
def weak(project: Project) -> Iterator[str]:
    """Return the URL of a role without a right in the project's database."""
    with role(project) as url:
        yield url


def test_role_that_cannot_make_the_record_reads_the_grant(project: Project, weak: str) -> None:
    project.revision("one", "op.execute('create table one (id int)')")

    result = project.migrate("upgrade", "--json", DATABASE_URL=weak)

    url = DatabaseUrl(weak)
    assert result.exit_code == 5, result.output
    grant = f"`grant create on database {url.name} to {url.role}`"
    assert grant in result.json["error"]["hint"]


def test_second_role_reads_what_it_needs_of_the_record(project: Project, weak: str) -> None:
    project.revision("one", "op.execute('create table one (id int)')")
    assert project.migrate("upgrade").exit_code == 0
    project.query("revoke all on alembic_version from public")
    project.query(f"grant select on alembic_version to {DatabaseUrl(weak).role}")

    result = project.migrate("check", "--json", DATABASE_URL=weak)

    assert result.exit_code == 5, result.output
    assert (
        f"grant usage on schema migrator to {DatabaseUrl(weak).role}"
        in (result.json["error"]["hint"])
    )
