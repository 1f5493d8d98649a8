"""Rows that would make a revision fail are counted in the real database before any DDL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.awkward import portrait
from tests.support.project import Project
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Outcome
    from tests.support.server import TestServer

_TABLES = """
create schema "Größe, alt";
create table "Größe, alt"."Tabelle ""1""; --" (
    "Spalte 1" text, "select" integer, email text, x integer, y integer, "50%" integer);
create table boss (a integer, b integer, primary key (a, b));
create table parted (id integer, at integer) partition by range (id);
create table parted_1 partition of parted for values from (0) to (10);
create table parted_2 partition of parted for values from (10) to (20);
create table old (id integer, child_of integer);
create table young (extra integer) inherits (old);
create table empty (id integer, x integer);
insert into boss values (1, 1), (2, 2);
insert into "Größe, alt"."Tabelle ""1""; --" values
    ('a', 1, 'x@y', 1, 1, 50), (null, 1, 'X@Y', 3, 3, 60), (null, 1, null, null, 9, 150),
    ('b', null, null, 2, 1, null), ('c', null, null, null, null, 40);
insert into parted values (1, null), (11, null), (12, 5), (13, 5);
insert into old values (1, 7); insert into young values (1, 1), (2, null);
alter table old add constraint late check (child_of < 5) not valid;
"""
_HIDDEN = """
create table hidden (x integer);
insert into hidden values (null);
alter table hidden enable row level security, force row level security;
alter table hidden owner to {owner};
"""
_T = '"Größe, alt"."Tabelle ""1""; --"'
_FOUND: dict[str, tuple[str, tuple[str, str, int]]] = {
    "null": (f'alter table {_T} alter "Spalte 1" set not null', ("not_null", "Spalte 1", 2)),
    "new": ("alter table boss add z integer not null", ("not_null", "z", 2)),
    "same": (f'alter table {_T} add unique ("select") deferrable', ("unique", '"select"', 2)),
    "index": (
        f"create unique index on {_T} (lower(email), x) where \"50%\" > 0 and email like '%@%'",
        ("unique", "lower(email), x", 0),
    ),
    "expression": (
        f"create unique index on {_T} (lower(email)) where email like '%@%'",
        ("unique", "lower(email)", 1),
    ),
    "orphan": (
        f"alter table {_T} add foreign key (x, y) references boss",
        ("foreign_key", "x, y", 2),
    ),
    "half": (
        f"alter table {_T} add foreign key (x, y) references boss (a, b) match full",
        ("foreign_key", "x, y", 3),
    ),
    "check": (f'alter table {_T} add constraint "c%" check ("50%" < 55)', ("check", "c%", 2)),
    "volatile": (
        f"alter table {_T} add constraint v check (x + random() < 3)",
        ("check", "v", 1),
    ),
    "parts": ("alter table parted alter at set not null", ("not_null", "at", 2)),
    "of_parts": ("alter table parted add unique (id, at)", ("unique", "id, at", 0)),
    "children": ("alter table old add unique (id)", ("unique", "id", 0)),
    "validate": ("alter table old validate constraint late", ("check", "late", 1)),
    "no_inherit": (
        "alter table old add constraint n check (child_of > 6) no inherit",
        ("check", "n", 0),
    ),
    "wider": ("alter table empty alter x type bigint", ("type", "x", 0)),
    "fine": ("alter table empty add primary key (id)", ("not_null", "id", 0)),
}


@pytest.fixture
def seeded(project: Project) -> Project:
    """Return a project whose tables have rows in the way of most constraints."""
    project.enable("backup")
    project.query(_TABLES)
    return project


def test_rows_in_the_way_are_counted(seeded: Project) -> None:
    """In every form, of every kind of table, whatever the names are."""
    for name, (sql, _) in _FOUND.items():
        seeded.revision(name, f"op.execute(sa.text({sql!r}))")

    plan = seeded.migrate("plan", "--json")

    found = {name: probes[0] for name, probes in _probes(plan).items()}
    told = {
        name: (each["asks"], each["about"], each["violations"]) for name, each in found.items()
    }
    assert told == {name: expected for name, (_, expected) in _FOUND.items()}
    assert found["null"]["relation"] == _T
    assert (found["null"]["file"], found["null"]["line"]) == (
        "alembic/versions/20260000_null.py",
        17,
    )


def test_plan_counts_are_those_that_the_server_refuses(seeded: Project) -> None:
    """What has a count above zero fails, what has zero goes."""
    refused = {name: _is_refused(seeded, sql) for name, (sql, _) in _FOUND.items()}

    assert refused == {name: count > 0 for name, (_, (_, _, count)) in _FOUND.items()}


_UNASKED: dict[str, list[str]] = {
    "alter table empty add z integer; alter table empty add check (z > 1)": [
        "the plan itself makes z"
    ],
    "update boss set b = 2; alter table boss add unique (b)": [
        "the plan itself writes rows of it before"
    ],
    "truncate boss; alter table boss add unique (b)": ["the plan itself writes rows of it before"],
    "select a from boss where b is null; alter table boss add unique (b)": [
        "the plan itself reads rows before, and may write by what it finds"
    ],
    "alter table empty alter x type smallint": [
        "it is not asked whether every value fits the new type"
    ],
    "alter table boss alter b type text; alter table boss add unique (b)": [
        "it is not asked whether every value fits the new type",
        "the plan gives b another type before",
    ],
    "create table fresh (id integer primary key);"
    " alter table boss add foreign key (a) references fresh": [
        "public.fresh is not there before the plan, or somebody has locked it"
    ],
    "alter table boss add exclude (b with =)": ["an exclusion constraint is not asked for"],
}


@pytest.mark.parametrize("sql", _UNASKED)
def test_what_the_plan_itself_makes_is_not_asked(seeded: Project, sql: str) -> None:
    body = "\n".join(f"op.execute({each.strip()!r})" for each in sql.split(";"))
    seeded.revision("one", body)

    plan = seeded.migrate("plan", "--json")

    [probes] = _probes(plan).values()
    assert [each["violations"] for each in probes] == [None] * len(probes)
    assert [each["why_not"] for each in probes] == _UNASKED[sql]


@pytest.mark.parametrize(
    "sql",
    [
        "alter table boss add foreign key (a) references old_keys (id) not valid",
        "alter table boss add check (a > 1) not valid",
        "alter table boss alter a set not null",
        "alter table boss add z integer not null default 0 check (z > 1)",
    ],
)
def test_what_the_server_need_not_look_at_is_no_question(seeded: Project, sql: str) -> None:
    seeded.query("create table old_keys (id integer primary key)")
    seeded.revision("one", f"op.execute({sql!r})")

    plan = seeded.migrate("plan", "--json")

    [probes] = _probes(plan).values()
    assert [each for each in probes if each["violations"] is not None] == []


def test_question_goes_by_the_names_of_today(seeded: Project) -> None:
    seeded.revision(
        "one",
        "op.alter_column('boss', 'a', new_column_name='first one')\n"
        "op.rename_table('boss', 'chief')\n"
        "op.create_check_constraint('few', 'chief', '\"first one\" < 2')\n"
        "op.create_unique_constraint('once', 'old', ['id'])\n"
        "op.execute('alter table parted add foreign key (id, at) references chief')",
    )

    plan = seeded.migrate("plan", "--json")

    [(check, unique, foreign)] = _probes(plan).values()
    assert (check["relation"], check["about"], check["violations"]) == ("public.boss", "few", 1)
    assert (unique["violations"], foreign["violations"]) == (0, 2)


def test_large_table_is_asked_only_when_that_is_wanted(seeded: Project) -> None:
    seeded.revision("one", "op.alter_column('parted', 'at', nullable=False)")
    seeded.revision("two", "op.execute('alter table boss add z integer not null')")
    limit = {"MIGRATE__PROBE_LIMIT_MB": "0"}

    bounded = seeded.migrate("plan", "--json", **limit)
    asked = seeded.migrate("plan", "--probe", "all", "--json", **limit)
    off = seeded.migrate("plan", "--probe", "off", "--json")

    told = [_probes(each) for each in (bounded, asked, off)]
    first, second, third = (each["one"][0] for each in told)
    # That a table has a row at all is asked of a large one, too.
    assert [each["two"][0]["violations"] for each in told] == [2, 2, None]
    assert (first["violations"], first["why_not"]) == (
        None,
        "too large (16.4 kB); --probe all asks it",
    )
    assert (second["violations"], second["why_not"]) == (2, None)
    assert (third["violations"], third["why_not"]) == (None, "--probe is off")


def test_block_that_commits_may_have_written_anything(seeded: Project) -> None:
    """A backfill in batches, which nobody has seen."""
    seeded.revision(
        "one",
        "with op.get_context().autocommit_block():\n"
        "    op.execute('do $$ begin update parted set at = 1; commit; end $$')\n"
        "op.alter_column('parted', 'at', nullable=False)",
    )

    plan = seeded.migrate("plan", "--json")

    [[probe]] = _probes(plan).values()
    assert probe["why_not"] == "the plan itself writes rows of it before"


def test_constraint_behind_not_null_is_asked_when_it_is_validated(
    embedded: TestServer, tmp_path: Path
) -> None:
    """PostgreSQL 18 has NOT NULL that is not valid for the rows that are there."""
    url = embedded.create_database()
    project = Project.create(tmp_path / "project", url)
    project.enable("backup")
    project.query("create table work (a integer); insert into work values (null), (1)")
    project.revision("one", "op.execute('alter table work add constraint n not null a not valid')")
    project.revision("two", "op.execute('alter table work validate constraint n')")

    plan = project.migrate("plan", "--json")

    found = _probes(plan)
    assert found["one"] == []
    assert [(each["asks"], each["about"], each["violations"]) for each in found["two"]] == [
        ("not_null", "a", 1)
    ]


def test_rows_that_a_policy_hides_are_not_counted_as_if_they_were_all(seeded: Project) -> None:
    seeded.revision("one", "op.alter_column('hidden', 'x', nullable=False)")
    with role(seeded, "login createdb in role pg_read_all_data") as url:
        seeded.query(_HIDDEN.format(owner=url.split("://")[1].split("@")[0]))
        plan = seeded.migrate("plan", "--json", DATABASE_URL=url)

        [[probe]] = _probes(plan).values()
    assert (probe["violations"], probe["why_not"]) == (
        None,
        "the role may not read all of its rows",
    )


def test_replica_that_is_not_there_is_told(seeded: Project) -> None:
    """The plan is shown all the same."""
    seeded.revision("one", "op.alter_column('parted', 'at', nullable=False)")

    plan = seeded.migrate(
        "plan", "--json", MIGRATE__PROBE_URL="postgresql://nobody@127.0.0.1:1/nothing"
    )

    [[probe]] = _probes(plan).values()
    assert probe["violations"] is None
    assert "127.0.0.1" in probe["why_not"]


def test_plan_with_probes_changes_nothing(seeded: Project) -> None:
    """Neither schema nor rows nor revision, and no database is left."""
    for name, (sql, _) in _FOUND.items():
        seeded.revision(name, f"op.execute(sa.text({sql!r}))")
    before = _state(seeded)

    plan = seeded.migrate("plan", "--json")

    assert plan.json["rehearsed"], plan.json["why_not"]
    assert _state(seeded) == before


def _state(project: Project) -> tuple[object, ...]:
    project.query("select pg_stat_clear_snapshot()")
    written = project.query(
        "select relid, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables order by 1"
    )
    databases = project.query(
        "select datname from pg_database where datname like %s", "%\\_plan\\_%"
    )
    name = project.database_url.rpartition("/")[2].partition("?")[0]
    own = [each for each in databases if name in each[0]]
    return portrait(project.database_url), written, own, project.current_revision()


def _is_refused(project: Project, sql: str) -> bool:
    try:
        project.query(f"do $probe$ begin execute $sql$ {sql} $sql$; raise 'was fine'; end $probe$")
    except Exception as error:  # noqa: BLE001 - the driver's
        return "was fine" not in str(error)
    return False


def _probes(plan: Outcome) -> dict[str, list[dict[str, Any]]]:
    assert plan.exit_code == 0, plan.output
    assert plan.json["rehearsed"], plan.json["why_not"]
    return {each["revision"]: each["probes"] for each in plan.json["revisions"]}
