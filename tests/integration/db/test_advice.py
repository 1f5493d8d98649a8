"""The way on fits the SQLSTATE, and what it says to paste can be pasted."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sst.db.advice import advice_for
from sst.db.server_errors import sqlstate_of
from sst.db.url import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from tests.support.project import Project

_SCHEMA = """
    create table ref (id int primary key);
    create table t (a int, b text, "C c" int, r int, d text);
    create view v as select d from t;
    insert into ref values (1);
    insert into t values (7, 'canary', 1, 1), (7, 'canary', null, 4711);
    create table deferred (id int references ref deferrable initially deferred)
"""


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Return a connection to a database with rows that are in every constraint's way."""
    engine = create_engine(DatabaseUrl(database_url).for_psycopg2(), poolclass=NullPool)
    with closing(engine.connect()) as opened:
        opened.exec_driver_sql(_SCHEMA)
        opened.commit()
        yield opened
    engine.dispose()


def raised_by(connection: Connection, sql: str) -> DBAPIError:
    """Return what the server raises at *sql*, as Alembic sends it."""
    with pytest.raises(DBAPIError) as raised:
        connection.execute(text(sql))
    if not raised.value.connection_invalidated:
        connection.rollback()
    return raised.value


@pytest.mark.parametrize(
    ("sql", "state", "found"),
    [
        ('alter table t alter "C c" set not null', "23502", 1),
        ("create unique index u on t (a, lower(b))", "23505", 1),
        ("alter table t add unique (a)", "23505", 1),
        ("alter table t add foreign key (r) references ref (id)", "23503", 1),
        ("alter table t alter column b type varchar(3)", "22001", 2),
        ("ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(3)", "22001", 2),
    ],
)
def test_query_of_the_advice_finds_the_rows_in_the_way(
    connection: Connection, sql: str, state: str, found: int
) -> None:
    error = raised_by(connection, sql)

    advice = advice_for(error, "app", in_revision=True) or ""

    assert sqlstate_of(error) == state
    [query] = re.findall("`(select .*?)`", advice)
    assert len(connection.execute(text(query)).all()) == found
    assert "canary" not in advice
    assert "4711" not in advice


@pytest.mark.parametrize(
    ("sql", "state", "advice"),
    [
        ("alter table t add constraint c check (a < 5)", "23514", "condition of c"),
        ("insert into ref values (1)", "23505", "on conflict do nothing"),
        ("insert into ref values (null)", "23502", "give id a value"),
        (
            (
                "create table child (id int references ref); insert into child values (1); "
                "delete from ref"
            ),
            "23503",
            "rows of public.child refer to it",
        ),
        ("alter table t alter b type int", "42804", "postgresql_using"),
        ("alter table t alter d type char(9)", "0A000", "drop what uses the column before"),
        ("create table t ()", "42P07", "it is there already"),
        ("alter table t add a int", "42701", "it is there already"),
        ("select 1 from later", "42P01", "search_path"),
        ("select later from t", "42703", "a later revision"),
        ("alter table t drop constraint later", "42704", "another name"),
        ("grant select on t to later", "42704", "`create role later` before"),
        ("create table x (a later)", "42704", "create it, or its extension, in a revision"),
        ("create user mapping for public server later", "42704", "create it in a revision before"),
        ("select later()", "42883", "create extension"),
        ("create table later.t ()", "3F000", "create the schema"),
        ("alter table t add foreign key (a) references t (a)", "42830", "unique"),
        (
            "insert into deferred values (1); alter table deferred add x int",
            "55006",
            "in two revisions",
        ),
        ("set local statement_timeout = 1; select pg_sleep(60)", "57014", "statement_timeout=0"),
        ("select pg_cancel_backend(pg_backend_pid()), pg_sleep(60)", "57014", "somebody"),
        (
            "create role a_1; create role a_2; set session authorization a_1; set role a_2",
            "42501",
            "grant a_2 to",
        ),
        ("create role a_3; set role a_3; create role a_4", "42501", "alter role app createrole"),
        (
            "create schema s; create role a_5; set role a_5; create table s.x ()",
            "42501",
            "grant usage, create on schema s to app",
        ),
    ],
)
def test_advice_of_a_revision_is_for_the_cause(
    connection: Connection, sql: str, state: str, advice: str
) -> None:
    error = raised_by(connection, sql)

    found = advice_for(error, "app", in_revision=True)

    assert sqlstate_of(error) == state
    assert advice in (found or "")
    assert "{" not in (found or "")


@pytest.mark.parametrize(
    ("made", "denied"),
    [
        ("create schema s; create table s.x (a int)", "select * from s.x"),
        ('create table "Big x" (a int)', 'insert into "Big x" values (1)'),
        ('create schema "S s"; create view "S s"."V" as select 1', 'table "S s"."V"'),
        ('create schema "S s"', 'create table "S s".x ()'),
        ("create sequence seq", "select nextval('seq')"),
        ("create schema migrator; create table migrator.run ()", "select * from migrator.run r"),
    ],
)
def test_grant_of_the_advice_can_be_pasted_and_helps(
    connection: Connection, made: str, denied: str
) -> None:
    """Two of them where the schema is the first thing that is denied."""
    connection.exec_driver_sql(f"{made}; create role pasted")

    for _ in range(2):
        error = raised_as(connection, "pasted", denied)
        if error:
            [grants] = re.findall("`(grant .*?)`", advice_for(error, "pasted") or "")
            connection.exec_driver_sql(grants)

    assert raised_as(connection, "pasted", denied) is None


def raised_as(connection: Connection, role: str, sql: str) -> DBAPIError | None:
    """Return what the server raises at *sql* of *role*; what it has done is undone."""
    attempt = connection.begin_nested()
    try:
        connection.execute(text(f"set local role {role}; {sql}"))
    except DBAPIError as error:
        return error
    finally:
        attempt.rollback()
    return None


@pytest.mark.parametrize(
    "sql",
    [
        "create table x (a int) partition by list (a); insert into x values (1)",
        "do $$ begin raise exception 'no' using errcode = '23514'; end $$",
    ],
)
def test_check_violation_without_a_constraint_names_none(connection: Connection, sql: str) -> None:
    error = raised_by(connection, sql)

    assert sqlstate_of(error) == "23514"
    assert "None" not in (advice_for(error, "app", in_revision=True) or "None")


def test_advice_for_a_revision_is_none_of_other_work(connection: Connection) -> None:
    assert advice_for(raised_by(connection, "select 1 from later"), "app") is None


def test_statement_after_a_swallowed_error_is_told_the_savepoint(connection: Connection) -> None:
    with pytest.raises(DBAPIError):
        connection.execute(text("select 1/0"))

    error = raised_by(connection, "select 1")

    assert sqlstate_of(error) == "25P02"
    assert "begin_nested" in (advice_for(error, "app") or "")


def test_session_that_the_server_ended_is_told_the_timeouts_that_do_that(
    project: Project,
) -> None:
    """Our own session has none of them; an engine of env.py's own has what the server says."""
    (project.root / "alembic" / "env.py").write_text(OWN_ENGINE)
    project.revision("slow", SLOW)

    result = project.migrate("upgrade", "--json")

    error = result.json["error"]
    assert error["code"] == "connection_lost", result.output
    assert "set idle_in_transaction_session_timeout = 0`" in error["hint"]


SLOW = """
    pid = op.get_bind().exec_driver_sql("select pg_backend_pid()").scalar()
    op.execute("set idle_in_transaction_session_timeout = '100ms'")
    other = sa.create_engine(op.get_bind().engine.url).connect()
    gone = sa.text("select not exists (select from pg_stat_activity where pid = :pid)")
    while not other.execute(gone, {"pid": pid}).scalar():
        other.rollback()
    op.execute("select 1")
"""
OWN_ENGINE = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
