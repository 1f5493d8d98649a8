"""The changes of a statement are those of the catalogue, however the statement is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

_TABLES = """
create table boss (id integer primary key, "Odd name" integer unique);
create table work (id integer primary key, a integer, "B c" text, d varchar(10), boss_id integer);
create table parted (id integer, a integer) partition by range (id);
create table part_one partition of parted for values from (0) to (10);
alter table work add constraint late check (a > 0) not valid;
create unique index old_index on work (boss_id);
"""
_RULE = """
import dataclasses, json
from pathlib import Path
from sst.hooks import hookimpl

class Plugin:
    @hookimpl
    def judge(self, statement):
        with Path(FILE).open("a") as file:
            found = dataclasses.asdict(dataclasses.replace(statement, previous=None))
            file.write(json.dumps(found) + "\\n")
"""
_LOOP = "for name in ('a', 'd'):\n    op.alter_column('work', name, nullable=False)"
_BATCH = (
    "with op.batch_alter_table('work') as batch:\n"
    "    batch.create_unique_constraint('u_d', ['d'])\n"
    "    batch.alter_column('B c', nullable=False)"
)
_DO = "do $$ begin execute 'alter table work add check (a <> 7), drop column d'; end $$"
_IN_A_BLOCK = "with op.get_context().autocommit_block():\n    op.execute({!r})"
_INDEX = 'create unique index concurrently i on work (lower("B c"), a) where a > 1'
_COLUMNS = "alter table work add x integer not null default 1, add y varchar(3) not null"
_RENAMED = """
op.alter_column('work', 'a', new_column_name='z')
op.rename_table('work', 'job')
op.alter_column('job', 'z', nullable=False)
"""
_PRIMARY = """
op.execute('alter table work drop constraint work_pkey')
op.execute('alter table work add primary key (a)')
"""
_TAKEN_BACK = """
with op.get_bind().begin_nested() as point:
    op.execute('alter table work add x integer')
    point.rollback()
op.execute('alter table work add y integer')
"""
_FORMS: dict[str, tuple[str, list[tuple[str, ...]]]] = {
    "loop": (_LOOP, [("add_not_null", "work", "a"), ("add_not_null", "work", "d")]),
    "batch": (
        _BATCH,
        [("add_unique", "work", "u_d", "UNIQUE (d)"), ("add_not_null", "work", "B c")],
    ),
    "do": (
        f"op.execute({_DO!r})",
        [("drop_column", "work", "d"), ("add_check", "work", "work_a_check", "CHECK ((a <> 7))")],
    ),
    "concurrently": (
        _IN_A_BLOCK.format(_INDEX),
        [("add_unique", "work", "i", 'UNIQUE (lower("B c"), a) WHERE ((a > 1))')],
    ),
    "foreign": (
        "op.execute('alter table work add foreign key (boss_id) references boss (\"Odd name\")')",
        [
            (
                *("add_foreign_key", "work", "work_boss_id_fkey"),
                'FOREIGN KEY (boss_id) REFERENCES public.boss("Odd name")',
            )
        ],
    ),
    "later": (
        "op.execute('alter table work add constraint n check (d > %s) not valid' % \"'%'\")",
        [("add_check", "work", "n", "CHECK (((d)::text > '%'::text)) NOT VALID", "not valid")],
    ),
    "validate": (
        "op.execute('alter table work validate constraint late')",
        [("validate", "work", "late", "CHECK ((a > 0))")],
    ),
    "type": (
        "op.alter_column('work', 'a', type_=sa.BigInteger())",
        [("change_type", "work", "a", "bigint")],
    ),
    "renamed": (
        _RENAMED,
        [
            ("rename_column", "work", "a", "z"),
            ("rename_table", "work", "", "public.job"),
            ("add_not_null", "work", "a"),
        ],
    ),
    "primary": (
        _PRIMARY,
        [("add_not_null", "work", "a"), ("add_primary_key", "work", "work_pkey")],
    ),
    "exclusion": (
        "op.execute('alter table work add exclude (a with =)')",
        [("add_exclusion", "work", "work_a_excl", "EXCLUDE USING btree (a WITH =)")],
    ),
    "column": (
        f"op.execute({_COLUMNS!r})",
        [
            ("add_column", "work", "x", "integer"),
            ("add_column", "work", "y", "character varying(3)"),
            ("add_not_null", "work", "y"),
        ],
    ),
    "partitions": (
        "op.alter_column('parted', 'a', nullable=False)",
        [("add_not_null", "parted", "a")],
    ),
    "dropped": ("op.drop_table('work')", [("drop_table", "work", "")]),
    "taken_back": (
        _TAKEN_BACK,
        [("add_column", "work", "x", "integer"), ("add_column", "work", "y", "integer")],
    ),
}


@pytest.fixture
def judged(project: Project) -> Project:
    """Return a project with tables, and a plugin that writes down what it is asked."""
    file = project.root / "statements.jsonl"
    project.plugin("witness", _RULE.replace("FILE", repr(str(file))))
    project.enable("backup", "witness")
    project.query(_TABLES)
    return project


@pytest.mark.parametrize("form", _FORMS)
def test_change_is_seen_in_each_form(judged: Project, form: str) -> None:
    body, expected = _FORMS[form]
    judged.revision("one", body)

    found = [change for each in _statements(judged) for change in each["changes"]]

    shown = [_short(each) for each in found]
    assert sorted(shown) == sorted(_padded(each) for each in expected)


def test_statement_knows_its_revision_server_and_transaction(judged: Project) -> None:
    judged.revision(
        "one",
        "op.execute('alter table work add x integer')\n"
        "op.execute(\"update work set d = 'a%' where d like '%b'\")\n"
        "with op.get_context().autocommit_block():\n"
        "    op.execute('create index concurrently late_index on work (a)')\n"
        "    op.execute('-- as it was\\nvacuum work')\n"
        "    op.execute('alter table work add y integer')\n"
        "op.execute('insert into boss values (1)')",
    )
    judged.revision("two", "op.execute('alter table work drop column x')")
    [(number,)] = judged.query("select current_setting('server_version_num')::integer")

    found = _statements(judged)

    assert [each["revision"] for each in found] == ["one"] * 6 + ["two"]
    assert {each["server_major"] for each in found} == {number // 10_000}
    assert [each["is_alone"] for each in found] == [False] * 2 + [True] * 3 + [False] * 2
    numbers = [each["transaction"] for each in found]
    assert numbers == sorted(numbers)
    assert (numbers[0], len(set(numbers))) == (numbers[1], 6)
    assert [each["writes"] for each in found if each["writes"]] == [
        ["public.work"],
        ["public.boss"],
    ]
    assert found[1]["sql"] == "update work set d = 'a%' where d like '%b'"
    assert found[3]["unseen"] == "it cannot run in a transaction block"


def _statements(project: Project) -> list[dict[str, Any]]:
    plan = project.migrate("plan", "--json")
    assert plan.json["rehearsed"], plan.json["why_not"]
    lines = (project.root / "statements.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _short(change: dict[str, Any]) -> tuple[str, ...]:
    assert change["relation"].startswith("public.")
    valid = "" if change["is_valid"] else "not valid"
    relation = change["relation"].removeprefix("public.")
    definition = "" if change["kind"] == "add_primary_key" else change["definition"]
    return (change["kind"], relation, change["name"], definition, valid)


def _padded(expected: tuple[str, ...]) -> tuple[str, ...]:
    return (*expected, *("",) * (5 - len(expected)))
