"""What a plan does before its constraint is there: then the rows of today may say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.extensions import require_extension

if TYPE_CHECKING:
    from tests.support.project import Project

_TABLES = """
create table parted (id integer, x integer) partition by range (id);
create table parted_1 partition of parted for values from (0) to (10);
create table parted_2 partition of parted for values from (10) to (20);
create table split (id integer, x integer) partition by range (id);
create table split_1 partition of split for values from (0) to (10);
create table split_2 partition of split for values from (10) to (20);
create table old (id integer, x integer);
create table young () inherits (old);
create table again (id integer, w text, x integer);
create table other (id integer, x integer);
create table divided (x integer);
create table "a.""b" (x integer);
create table word (w text, v text);
create table called (x integer);
create function is_fine(i integer) returns boolean immutable language sql as 'select i > 100';
create table parent (id integer primary key);
create table child (parent integer references parent on delete cascade, x integer);
create table lookup (k integer);
create table looked (x integer);
insert into parted values (1, null), (11, 1);
insert into split values (1, null);
insert into young values (1, null), (2, 9);
insert into again values (1, 'a', 5), (2, null, 5);
insert into other values (1, null);
insert into divided values (5);
insert into "a.""b" values (1), (1);
insert into called values (5);
insert into parent values (1), (2);
insert into child values (1, null), (2, 1);
insert into lookup values (1);
insert into looked values (null);
"""
_CODE = "language sql immutable as 'select true'"
_LOOP = (
    "do $$ declare r record; begin for r in select k from lookup loop"
    " update looked set x = r.k; end loop; end $$"
)
_READS = "the plan itself reads rows before, and may write by what it finds"
# In this order: what is read, written with triggers, or made of functions counts for all later.
_IN_ORDER: tuple[tuple[tuple[str, ...], int | str], ...] = (
    (('create unique index concurrently on "a.""b" (x)',), 1),
    (
        ("update parted_1 set x = 1", "alter table parted alter x set not null"),
        "the plan itself changes what rows its part public.parted_1 has before",
    ),
    (
        ("alter table split detach partition split_1", "alter table split alter x set not null"),
        "the plan itself gives it other partitions or children before",
    ),
    (
        ("drop table young", "alter table old add check (x < 5)"),
        "the plan itself changes what rows its part public.young has before",
    ),
    (
        (
            "alter table again drop w",
            "alter table again add w text default 'q'",
            "create unique index on again (x) where w is not null",
        ),
        "the plan itself makes w",
    ),
    (
        (
            "alter table other alter x type integer using coalesce(x, 0)",
            "alter table other alter x set not null",
        ),
        "the plan itself writes rows of it before",
    ),
    (
        ("alter table divided alter x type bigint using 1 / (x - 5)",),
        "it is not asked whether every value fits the new type",
    ),
    (
        ('alter table word alter w type text collate "C"', "alter table word add unique (w)"),
        "the plan gives w another type before",
    ),
    (
        (
            f"create or replace function is_fine(i integer) returns boolean {_CODE}",
            "alter table called add check (is_fine(x))",
        ),
        "the plan itself makes or changes functions before",
    ),
    (
        ("delete from parent where id = 1", "alter table child alter x set not null"),
        "the plan itself writes rows of public.parent before, whose triggers may write more",
    ),
    (
        (
            _LOOP,
            "alter table looked alter x set not null",
        ),
        _READS,
    ),
)


@pytest.fixture
def seeded(project: Project) -> Project:
    """Return a project whose revisions put right, or wrong, what their constraints ask."""
    project.enable("backup")
    project.query(_TABLES)
    return project


def test_rows_are_counted_only_where_the_plan_leaves_them_as_they_are(seeded: Project) -> None:
    """The copy has no rows: no loop, trigger or foreign key writes any there."""
    for number, (texts, _) in enumerate(_IN_ORDER):
        body = "\n".join(f"op.execute({each!r})" for each in texts)
        if "concurrently" in body:
            body = f"with op.get_context().autocommit_block():\n    {body}"
        seeded.revision(f"r{number:02}", body)

    plan = seeded.migrate("plan", "--json")

    told = [each["violations"] or each["why_not"] for each in _last_probes(plan.json)]
    assert told == [expected for _, expected in _IN_ORDER]


def test_index_of_another_collation_is_asked_by_that(seeded: Project) -> None:
    """Equal in one collation may be different in another."""
    seeded.revision("one", "op.execute('create unique index on word (w collate \"C\", v)')")

    plan = seeded.migrate("plan", "--json")

    [probe] = _last_probes(plan.json)
    assert (probe["about"], probe["violations"]) == ('w COLLATE pg_catalog."C", v', 0)


def test_foreign_key_compares_as_the_type_of_its_columns_does(seeded: Project) -> None:
    """Also where the type's operators are in no schema of the search path."""
    require_extension(seeded, "citext")
    seeded.query(
        "create schema ext; create extension citext schema ext;"
        "create table names (name ext.citext primary key); create table calls (name ext.citext);"
        "insert into names values ('Ada'); insert into calls values ('ADA'), ('Bob')"
    )
    seeded.revision(
        "one", "op.execute('alter table calls add foreign key (name) references names')"
    )

    plan = seeded.migrate("plan", "--json")

    [probe] = _last_probes(plan.json)
    assert (probe["violations"], probe["why_not"]) == (1, None)


def test_children_of_a_small_table_are_not_scanned_unasked(seeded: Project) -> None:
    """A CHECK is asked of the rows of all children."""
    seeded.query("insert into young select n, 9 from generate_series(1, 50000) n")
    seeded.revision("one", "op.create_check_constraint('few', 'old', 'x < 5')")

    plan = seeded.migrate("plan", "--json", MIGRATE__PROBE_LIMIT_MB="1")

    [probe] = _last_probes(plan.json)
    assert probe["violations"] is None
    assert probe["why_not"].startswith("too large (")


def _last_probes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the last question of each revision."""
    assert plan["rehearsed"], plan["why_not"]
    return [each["probes"][-1] for each in plan["revisions"]]
