"""The question to the server answers otherwise after every change that a look could see."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from sst.db.url import DatabaseUrl
from sst.kept.database import ask
from sst.migrator.session.run_lock import RunLock
from sst.runtime import open_runtime
from sst.testing.project.server import connect
from tests.support.dumps import VERSION_TABLE
from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sst.kept.database import Answer
    from tests.support.project import Project

TABLE = (
    "op.create_table('{0}', sa.Column('id', sa.Integer, primary_key=True), "
    "sa.Column('name', sa.Text))"
)
SCHEMA = """
create table t2 (id int)
alter table sites add column x int
alter table sites alter column x set default 5
alter table sites alter column x set default 6
alter table sites alter column x set not null
alter table sites alter column x type bigint
alter table sites alter column x set statistics 10
alter table sites alter column name set storage external
create index i on sites (x)
drop index i
create index i on sites (x) where x > 3
alter table sites add constraint c check (x > 1)
alter table sites drop constraint c
alter table sites add constraint c check (x > 1) not valid
alter table sites validate constraint c
create type mood as enum ('a', 'b')
alter type mood add value 'c'
alter type mood rename value 'c' to 'd'
comment on table sites is 'a'
comment on table sites is 'b'
comment on column sites.x is 'b'
create sequence s
alter sequence s increment 2
alter sequence s owned by sites.x
grant select on sites to public
revoke select on sites from public
create function f() returns trigger language plpgsql as 'begin return new; end'
create or replace function f() returns trigger language plpgsql as 'begin return  new; end'
create trigger t before update on sites for each row execute function f()
alter table sites disable trigger t
create view v as select id from sites
create or replace view v as select id + 0 as id from sites
create materialized view m as select 1 as a
refresh materialized view m with no data
alter table sites enable row level security
create policy p on sites using (true)
create schema other
alter table sites set (fillfactor = 50)
alter table sites set unlogged
create domain d as int
alter domain d add check (value > 0)
create collation german (locale = 'C')
create statistics st on id, x from sites
alter table t2 rename to t3
alter table t3 rename column id to no
alter table t3 replica identity full
alter table sites cluster on sites_pkey
create rule r as on insert to t3 do also nothing
create table parts (id int) partition by range (id)
create table part1 partition of parts for values from (0) to (9)
alter table parts detach partition part1
create publication pub for table t3
alter default privileges grant select on tables to public
create table child () inherits (sites)
create aggregate agg (int) (sfunc = int4pl, stype = int)
create operator === (leftarg = int, rightarg = int, function = int4eq)
create function ev() returns event_trigger language plpgsql as 'begin end'
create event trigger ev on ddl_command_end execute function ev()
""".strip().splitlines()
TURNS = 10
RECORD = """
update alembic_version set version_num = version_num
update migrator.run set app_version = 'other'
update migrator.run set app_version = app_version
create table migrator.extra (id int)
grant select on migrator.run to public
alter database "{db}" set work_mem = '5MB'
alter database "{db}" connection limit 7
comment on database "{db}" is 'mark'
delete from migrator.run
alter table alembic_version rename to moved
create table alembic_version (version_num varchar(32))
""".strip().splitlines()


@pytest.fixture
def asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what makes a function that asks the database of a migrated project."""
    project.revision("sites", TABLE.format("sites"))
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    monkeypatch.setenv("DATABASE_URL", project.database_url)

    def question(*, with_schema: bool) -> Callable[[], Answer | None]:
        with open_runtime(project.root) as runtime:
            keywords = runtime.migrator.connection_keywords()
            text = runtime.migrator.question(with_schema=with_schema)
        return lambda: ask(keywords, text)

    return question


def unseen(
    project: Project, ask_now: Callable[[], Answer | None], changes: Iterable[str]
) -> list[str]:
    """Make *changes* one after the other, and return those after which the answer is the same."""
    with closing(connect(project.database_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("select current_database()")
        database = (cursor.fetchone() or [""])[0]
        before, found = ask_now(), list[str]()
        for change in changes:
            cursor.execute(change.replace("{db}", database))
            now = ask_now()
            # No answer is told again by none, either.
            found += [change] if now and before and now.digest == before.digest else []
            before = now or before
        return found


def test_every_change_of_the_schema_is_another_answer(
    project: Project, asked: Callable[..., Any]
) -> None:
    assert unseen(project, asked(with_schema=True), SCHEMA) == []


@pytest.mark.parametrize("with_schema", [True, False])
def test_every_change_of_record_or_database_is_another_answer(
    project: Project, asked: Callable[..., Any], *, with_schema: bool
) -> None:
    assert unseen(project, asked(with_schema=with_schema), RECORD) == []


def test_rows_and_housekeeping_are_the_same_answer(
    project: Project, asked: Callable[..., Any]
) -> None:
    """Another test's role on this server is another answer, so a change may be asked of again."""
    work = ["insert into sites values (1, 'a')", "analyze", "vacuum", "truncate sites"]
    ask_now = asked(with_schema=True)

    assert any(unseen(project, ask_now, work) == work for _ in range(TURNS))


@pytest.mark.parametrize("with_schema", [True, False])
def test_run_at_work_leaves_the_answer_unsettled(
    project: Project, asked: Callable[..., Any], *, with_schema: bool
) -> None:
    ask_now = asked(with_schema=with_schema)
    quiet = ask_now()

    project.query("update migrator.run set outcome = 'running'")

    assert (quiet.is_settled, ask_now().is_settled) == (True, False)


def test_run_that_holds_the_lock_leaves_the_answer_unsettled(
    project: Project, asked: Callable[..., Any]
) -> None:
    ask_now = asked(with_schema=False)
    engine = create_engine(DatabaseUrl(project.database_url).for_psycopg2(), poolclass=NullPool)

    with engine.connect() as connection:
        RunLock(connection, VERSION_TABLE, "public").acquire(0, lambda _: None)
        during = ask_now()

    assert not during.is_settled
    wait_until(lambda: ask_now().is_settled, "the server ends the session, and its lock")
