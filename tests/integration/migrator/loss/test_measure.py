"""What is taken away is measured in the real database: rows, sizes, and what goes with it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from sst.testing.project.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

SITES = "create table sites as select g as id, 'x'::text as word from generate_series(1, 30) g"


def loss(project: Project, made: str, taken: str) -> list[str]:
    """Return the lines of a refused downgrade: it does *taken* where *made* is."""
    project.query(made.replace("SITES", SITES))
    project.revision("one", "pass", f"op.execute({taken!r})")
    assert project.migrate("upgrade").exit_code == 0
    refused = project.migrate("downgrade", "base")
    assert refused.exit_code == 5, refused.output
    return [line.strip() for line in refused.stderr.splitlines()]


@pytest.mark.parametrize(
    ("made", "taken", "lines"),
    [
        (SITES, "drop table sites", ["drops table sites: 30 rows, "]),
        ("create table empty (id int)", "drop table empty", ["drops table empty: no rows, 0 B"]),
        (
            "create table one as select 1 as id, null::text as word",
            "alter table one drop column word, drop column id",
            [
                "drops column one.word: no row has a value",
                "drops column one.id: 1 row has a value",
            ],
        ),
        (
            'create schema "Odd: %s"; create table "Odd: %s"."a""b;c" as select 1 as ":x"',
            'drop table "Odd: %s"."a""b;c"',
            ['drops table Odd: %s.a"b;c: 1 row, '],
        ),
        (
            'create table odd as select 1 as ":a %s"',
            'alter table odd drop column "\\:a %s"',
            ["drops column odd.:a %s: 1 row has a value"],
        ),
        ("select 1", "drop table if exists nowhere", ["drops table nowhere: nothing has this"]),
        ("select 1", "drop schema if exists nowhere", ["drops schema nowhere: nothing has this"]),
        (SITES, "truncate sites", ["empties table sites: 30 rows, "]),
        (SITES, "delete from sites", ["deletes all rows of table sites: 30 rows, "]),
        (
            SITES,
            "delete from sites where id = 3",
            ["deletes some rows of table sites, which has 30 rows"],
        ),
        (
            SITES,
            "alter table sites alter column word type varchar(1)",
            ["changes the type of column sites.word: 30 rows have a value"],
        ),
        (
            (
                "create schema audit; create table audit.log (id int); SITES;"
                "alter table sites set schema audit"
            ),
            "drop schema audit cascade",
            [
                "drops schema audit",
                "and with it table audit.log: no rows, 0 B",
                "and with it table audit.sites: 30 rows, ",
                "in all: 2 tables with 30 rows (",
            ],
        ),
        (
            (
                "create type mood as enum ('good'); create domain code as int;"
                "create table a as select 'good'::mood as mood, 1::code as code, 2 as id"
            ),
            "drop type mood cascade; drop domain code cascade",
            [
                "drops type mood",
                "and with it column public.a.mood: 1 row has a value",
                "and with it column public.a.code: 1 row has a value",
                "in all: 2 columns",
            ],
        ),
        (
            (
                "create table parent (id int) partition by range (id);"
                "create table p1 partition of parent for values from (0) to (100);"
                "create table p2 partition of parent for values from (100) to (200);"
                "insert into parent select g from generate_series(1, 150) g"
            ),
            "drop table parent",
            ["drops table parent: 150 rows, "],
        ),
        (
            (
                "create table parent as select 1 as id; create table child () inherits (parent);"
                "insert into child select 2 from generate_series(1, 7)"
            ),
            "drop table parent cascade",
            [
                "drops table parent: 1 row, ",
                "and with it table public.child: 7 rows, ",
            ],
        ),
        (
            (
                "SITES; alter table sites add primary key (id);"
                "create table notes as select g as site from generate_series(1, 4) g;"
                "alter table notes add foreign key (site) references sites"
            ),
            "truncate sites cascade",
            ["and with it table public.notes: 4 rows, "],
        ),
        (
            (
                "SITES; create materialized view totals as select count(*) from sites;"
                "create view names as select word from sites;"
                "create view more as select * from names"
            ),
            "drop table sites cascade",
            [
                "and with it materialized view public.totals: 1 row, ",
                "and with it 2 views: public.more, public.names",
            ],
        ),
        (
            (
                "create function f(int) returns int language sql immutable as 'select $1';"
                "create sequence s; select setval('s', 1234)"
            ),
            "drop function f(int); drop sequence s",
            ["drops sequence s: its last value is 1,234", "drops 1 function (no rows)"],
        ),
        (
            "SITES; alter table sites rename to places; alter table places rename word to name",
            (
                "alter table places rename name to title; alter table places rename to spots;"
                "alter table spots drop column title; drop table spots"
            ),
            [
                "drops column spots.title: 30 rows have a value",
                "drops table spots: 30 rows, ",
            ],
        ),
        (
            "create function tidy() returns int language sql as 'select 1'",
            "select tidy(); select max(3); select pg_catalog.lower('A')",
            ["is not known: it calls the function tidy"],
        ),
        (
            SITES,
            "do $$ begin execute 'drop table sites'; end $$",
            ["not known: a DO block runs text as SQL (EXECUTE)"],
        ),
    ],
)
def test_loss_is_what_the_database_holds(
    project: Project, made: str, taken: str, lines: list[str]
) -> None:
    found = loss(project, made, taken)

    for line in lines:
        assert any(line in each for each in found), "\n".join(found)
    assert not any(built_in in each for built_in in ("max", "lower") for each in found)


def test_locked_table_is_estimated_in_time(project: Project) -> None:
    project.query(f"{SITES}; analyze sites")
    with closing(connect(project.database_url)) as other, other.cursor() as cursor:
        other.autocommit = False
        cursor.execute("lock table sites")

        found = loss(project, "select 1", "drop table sites")

    assert "drops table sites: about 30 rows" in found


def test_rows_that_are_hidden_are_not_taken_for_none(project: Project, role: str) -> None:
    project.query(f"{SITES}; analyze sites")
    project.query("alter table sites enable row level security")
    project.query(f"grant select on sites to {role}")
    project.database_url = make_url(project.database_url).set(username=role).render_as_string()

    found = loss(project, "select 1", "drop table sites")

    assert any(line.startswith("drops table sites: about 30 rows") for line in found), found


def test_table_that_may_not_be_read_is_estimated(project: Project, role: str) -> None:
    project.query(f"{SITES}; analyze sites")
    project.database_url = make_url(project.database_url).set(username=role).render_as_string()

    found = loss(project, "select 1", "drop table sites")

    assert any(line.startswith("drops table sites: about 30 rows") for line in found), found


@pytest.fixture
def role(project: Project) -> Iterator[str]:
    """Return a role that owns nothing, and may make a record of its runs."""
    admin = project.database_url
    name = f"weak_{make_url(admin).database}"
    project.query(f"create role {name} login")
    project.query(f"grant create on database {make_url(admin).database} to {name}")
    project.query(f"grant create on schema public to {name}")
    yield name
    project.database_url = admin
    project.query(f"drop owned by {name} cascade; drop role {name}")
