"""Whatever a definition consists of is part of the schema's shape, each under its own name."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from sst.db.url import DatabaseUrl
from sst.migrator.schema.shape import take_shape
from tests.support.server import connect

if TYPE_CHECKING:
    from sst.migrator.schema.shape import Shape

pytestmark = pytest.mark.external

SCHEMA = """
create type pair as (low integer, high integer);
create type mood as enum ('bad', 'good');
create domain small as integer check (value < 10);
create table sites (id integer primary key, name text, price numeric(8, 2), level integer);
create table visits (id integer, site integer);
create index by_name on sites (name);
create sequence numbers;
create view seen as select id from sites;
create function one() returns integer language sql as 'select 1';
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touched before update on sites for each row execute function touch();
create policy mine on sites for select using (id > 1);
"""
TOUCHED = "update on sites for each row execute function touch()"
POLICY = "create policy mine on sites"
CHANGES = [
    ("alter type pair alter attribute low type bigint", "column public.pair.low"),
    ("alter type mood add value 'fair' before 'good'", "type public.mood"),
    ("alter domain small add constraint odd check (value <> 2)", "type public.small"),
    ("alter domain small set not null", "type public.small"),
    ("alter domain small set default 3", "type public.small"),
    ('alter table sites alter name type text collate "C"', "column public.sites.name"),
    ("alter table sites alter name set not null", "column public.sites.name"),
    ("alter table sites alter name set default 'x'", "column public.sites.name"),
    ("alter table sites alter price type numeric(9, 2)", "column public.sites.price"),
    (
        "alter table sites alter id add generated always as identity (sequence name one_id)",
        "column public.sites.id",
    ),
    ("alter table sites set unlogged", "table public.sites"),
    ("alter table sites enable row level security", "table public.sites"),
    ("alter table sites force row level security", "table public.sites"),
    ("alter table sites disable trigger touched", "trigger public.sites.touched"),
    (
        f"create or replace trigger touched after {TOUCHED}",
        "trigger public.sites.touched",
    ),
    ("alter policy mine on sites using (id > 2)", "policy public.sites.mine"),
    (f"drop policy mine on sites; {POLICY} for all using (id > 1)", "policy public.sites.mine"),
    (
        f"drop policy mine on sites; {POLICY} as restrictive for select using (id > 1)",
        "policy public.sites.mine",
    ),
    (
        "drop index by_name; create index by_name on sites (lower(name))",
        "index public.sites.by_name",
    ),
    ("alter sequence numbers cycle", "sequence public.numbers"),
    ("alter sequence numbers increment 2", "sequence public.numbers"),
    ("alter sequence numbers minvalue -5", "sequence public.numbers"),
    ("alter sequence numbers maxvalue 900", "sequence public.numbers"),
    ("alter sequence numbers start 7", "sequence public.numbers"),
    ("alter sequence numbers as integer", "sequence public.numbers"),
    ("create or replace view seen as select id + 0 as id from sites", "view public.seen"),
    (
        "create or replace function one() returns integer language sql as 'select 2'",
        "function public.one()",
    ),
    ("alter function one() security definer", "function public.one()"),
]


def shape_of(url: str) -> Shape:
    """Return the shape of the database of *url*."""
    engine = create_engine(DatabaseUrl(url).for_psycopg2(), poolclass=NullPool)
    with engine.connect() as connection:
        return take_shape(connection)


@pytest.mark.parametrize(("statement", "name"), CHANGES, ids=[each for each, _ in CHANGES])
def test_every_part_of_a_definition_counts(database_url: str, statement: str, name: str) -> None:
    with closing(connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        before = shape_of(database_url)
        cursor.execute(statement)

    after = shape_of(database_url)

    known = before.keys() & after.keys()
    assert {each for each in known if before[each] != after[each]} == {name}
