"""A rehearsal ends before a statement that reaches beyond the copy; nothing of it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine

from sst.db.url import DatabaseUrl
from sst.migrator.rehearsal.beyond import BeyondCopyError, refuse_shared
from tests.support.extensions import require_extension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.project import Project

_ALONE = "with op.get_context().autocommit_block():\n    "
_SHARED = """
select r.rolname::text, r.rolconfig, shobj_description(r.oid, 'pg_authid'),
    (select count(*) from pg_auth_members m where r.oid in (m.roleid, m.member)),
    (select count(*) from pg_db_role_setting s where s.setrole = r.oid)
from pg_roles r where r.rolname ~ '^{name}' order by 1
"""
_RIGHTS = """
select datacl::text from pg_database where datname = current_database()
union all select spcacl::text from pg_tablespace where spcname = 'pg_default'
"""
_TELL = """
create function tell() returns trigger language plpgsql as $$ begin
    perform dblink_exec($x${place}$x$, 'insert into told values (1)');
    return new;
end $$
"""


@pytest.fixture
def name(project: Project) -> Iterator[str]:
    """Return the beginning of the names of two roles, which are dropped with the test."""
    made = f"beyond_{DatabaseUrl(project.database_url).name}"
    for role in (f"{made}_a", f"{made}_b"):
        project.query(f"create role {role}")
    yield made
    project.query(f"drop database if exists {made}_c")
    for role in (f"{made}_a", f"{made}_b", f"{made}_c"):
        project.query(f"drop role if exists {role}")


def test_trigger_of_the_database_reaches_no_other(project: Project) -> None:
    """The statement does not say that a trigger calls dblink."""
    require_extension(project, "dblink")
    project.enable("backup")
    project.revision("one", "op.execute('create table note (id integer primary key)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    place = DatabaseUrl(project.database_url).libpq_place()
    project.query("create extension dblink")
    project.query("create table told (x integer)")
    project.query(_TELL.format(place=place))
    project.query("create trigger tell before insert on note for each row execute function tell()")
    project.revision("two", "op.execute('insert into note values (1)')")

    plan = project.migrate("plan", "--json")

    assert "closed_in_a_rehearsal" in plan.json["why_not"]
    assert project.query("select * from told") == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("op.execute('create role {name}_c')", "changes what all databases share (pg_auth"),
        ("op.execute('grant {name}_a to {name}_b')", "share (pg_auth_members)"),
        ("op.execute('alter role {name}_b set work_mem = 64')", "share (pg_db_role_setting)"),
        ("op.execute(\"comment on role {name}_b is 'x'\")", "share (pg_shdescription)"),
        (
            "try:\n    op.execute('drop role {name}_b')\nexcept Exception:\n    pass",
            "share (pg_auth",
        ),
        (
            "op.get_bind().connection.cursor().execute('create role {name}_c')",
            "share (pg_auth",
        ),
        ("op.execute('grant connect on database {database} to {name}_b')", "share (pg_database)"),
        (
            (
                "import os\nurl = os.environ['DATABASE_URL'].replace(':', '+psycopg2:', 1)\n"
                "with sa.create_engine(url).begin() as own:\n"
                "    own.exec_driver_sql('create table beyond (id integer)')"
            ),
            "opens a connection of its own",
        ),
        (
            (
                "import os\nfrom psycopg2 import connect\n"
                "with connect(os.environ['DATABASE_URL']) as own, own.cursor() as cursor:\n"
                "    cursor.execute('create table beyond (id integer)')"
            ),
            "opens a connection of its own",
        ),
        (
            (
                "import asyncio, asyncpg, os\n"
                "async def reach():\n"
                "    own = await asyncpg.connect(os.environ['DATABASE_URL'])\n"
                "    await own.execute('create table beyond (id integer)')\n"
                "asyncio.run(reach())"
            ),
            "opens a connection of its own",
        ),
        (
            (
                "import urllib.request\ntry:\n"
                "    urllib.request.urlopen('http://127.0.0.1:9')\n"
                "except Exception:\n    pass"
            ),
            "connects to 127.0.0.1, port 9, which nothing takes back",
        ),
        ("os.system('touch {folder}/x')", "starts a program"),
        ("import subprocess\nsubprocess.run(['touch', '{folder}/x'])", "starts a program"),
        (
            (
                'with op.get_bind().begin_nested():\n    op.execute("do $$ begin execute'
                " 'revoke temporary on data' || 'base {database} from public'; end $$\")"
            ),
            "share (pg_database)",
        ),
        (
            f"{_ALONE}op.execute('grant connect on database {{database}} to {{name}}_b')",
            "share (pg_database)",
        ),
        ("op.execute('grant create on tablespace pg_default to {name}_b')", "(pg_tablespace)"),
        ("op.execute(\"set work_mem = 64; copy note to '{folder}/x'\")", "has `copy note to`"),
        (f"{_ALONE}op.execute('create role {{name}}_c')", "share (pg_auth"),
        (f"{_ALONE}op.execute('create database {{name}}_c')", "has `create database`"),
        (
            f"{_ALONE}op.execute('do $$ begin create role {{name}}_c; commit; end $$')",
            "has `create role`",
        ),
        ("op.execute('alter system set work_mem = 64')", "has `alter system`"),
        ("op.execute(\"copy note to program 'cat > {folder}/x'\")", "has `copy note to program`"),
        ("op.execute(\"copy note to '{folder}/x'\")", "has `copy note to`"),
        (
            (
                "op.execute('select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database()')"
            ),
            "has `pg_terminate_backend`",
        ),
    ],
)
def test_nothing_reaches_beyond_the_copy(
    project: Project, name: str, tmp_path: Path, body: str, why: str
) -> None:
    """A role or a session is the whole server's: on the database's own one it is the real one."""
    project.enable("backup")
    project.revision("one", "op.execute('create table note (id integer primary key)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    before = project.query(_SHARED.format(name=name)), project.query(_RIGHTS)
    database = DatabaseUrl(project.database_url).name
    project.revision("two", "op.execute('alter table note add x integer')")
    project.revision("three", body.format(name=name, folder=tmp_path, database=database))

    plan = project.migrate("plan", "--json")

    assert (plan.exit_code, plan.json["rehearsed"]) == (0, False)
    assert plan.json["why_not"].startswith("revision three"), plan.json["why_not"]
    assert why in plan.json["why_not"]
    # What came before is told all the same.
    assert plan.json["revisions"][0]["statements"][0]["blocks"] == "reads and writes"
    assert (project.query(_SHARED.format(name=name)), project.query(_RIGHTS)) == before
    assert project.query(f"select from pg_database where datname ~ '^{name}'") == []
    assert not (tmp_path / "x").exists()
    assert project.query("select to_regclass('beyond')") == [(None,)]


def test_numbers_that_others_take_meanwhile_are_not_taken_for_own(
    make_database: Callable[[], str],
) -> None:
    """The server remembers the first number that a transaction without one has been told."""
    copy, other = make_database(), make_database()
    name = DatabaseUrl(other).name
    engine = create_engine(DatabaseUrl(copy).for_psycopg2(), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("select age(xmin) from pg_database limit 1")
        refuse_shared(connection, None)
        make_database()
        make_database()
        connection.exec_driver_sql("create table own ()")

        refuse_shared(connection, None)

        connection.exec_driver_sql(f"grant connect on database {name} to public")
        with pytest.raises(BeyondCopyError, match="pg_database"):
            refuse_shared(connection, None)
