"""`check` gives every way of going wrong a verdict of its own: exit code, code, remedy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg2.errors
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Outcome, Project

TABLE = "op.create_table('{0}', sa.Column('id', sa.Integer, primary_key=True))"

GREETER = """
from sst.hooks import hookimpl

@hookimpl
def notify(event):
    pass
"""

TRIGGER = (
    "create trigger t before update on sites "
    "for each row execute function suppress_redundant_updates_trigger()"
)


@pytest.fixture
def chain(project: Project) -> Project:
    """Two revisions, a table each, both applied by the commit abc1234."""
    for name in ("sites", "workers"):
        project.revision(name, TABLE.format(name), f"op.drop_table('{name}')")
    project.environment["GIT_COMMIT"] = "abc1234"
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    return project


def file_of(project: Project, revision: str) -> Path:
    """Return the file of *revision*."""
    return next((project.root / "alembic" / "versions").glob(f"*_{revision}.py"))


def entry(result: Outcome, name: str) -> dict[str, Any]:
    """Return the core's entry *name* of the list of checks."""
    [found] = [c for c in result.json["checks"] if (c["plugin"], c["name"]) == ("core", name)]
    return dict(found)


def assert_verdict(result: Outcome, exit_code: int, code: str, remedy: str) -> None:
    """Check that *result* ends with this error and this remedy."""
    assert result.exit_code == exit_code, result.output
    assert result.json["error"]["code"] == code
    assert remedy in result.json["error"]["hint"]


def test_healthy_database_has_nothing_to_find(chain: Project) -> None:
    result = chain.migrate("check", "--json")

    assert result.exit_code == 0, result.output
    assert {c["status"] for c in result.json["checks"]} == {"pass"}
    assert len(result.json["checks"]) == 4


def test_check_of_an_empty_database_creates_no_record(project: Project) -> None:
    project.revision("sites", TABLE.format("sites"))

    result = project.migrate("check", "--json")

    assert_verdict(result, 3, "pending", "upgrade")
    assert project.query("select to_regnamespace('migrator')") == [(None,)]


def test_database_ahead_names_run_and_commit_that_know_the_revision(chain: Project) -> None:
    run_id = chain.last_run()["id"]
    file_of(chain, "workers").unlink()

    check = chain.migrate("check", "--json", GIT_COMMIT="older00")
    upgrade = chain.migrate("upgrade", "--json", GIT_COMMIT="older00")

    assert_verdict(check, 6, "database_ahead", "commit abc1234")
    assert_verdict(upgrade, 6, "database_ahead", "commit abc1234")
    for result in (check, upgrade):
        assert run_id in result.json["error"]["message"]
    assert chain.current_revision() == "workers"


def test_lost_file_of_the_project_is_no_plugins(project: Project) -> None:
    """A plugin that was enabled in the run, and is not any more, has not brought it for that."""
    project.plugin("greeter", GREETER)
    project.enable("greeter")
    project.revision("sites", TABLE.format("sites"))
    assert project.migrate("upgrade").exit_code == 0
    project.enable()
    file_of(project, "sites").unlink()

    check = project.migrate("check", "--json")

    assert_verdict(check, 6, "database_ahead", "bring its revision files back")
    assert "greeter" not in json.dumps(check.json["error"])


def test_run_that_died_on_its_way_still_knows_what_it_committed(chain: Project) -> None:
    """Its record names only the head that it wanted."""
    chain.query("update migrator.run set to_heads = '{further}'")
    file_of(chain, "workers").unlink()

    result = chain.migrate("check", "--json")

    assert_verdict(result, 6, "database_ahead", "commit abc1234")


def test_revision_that_no_run_has_applied_is_unknown(chain: Project) -> None:
    chain.query("update alembic_version set version_num = 'stranger'")

    check = chain.migrate("check", "--json")
    upgrade = chain.migrate("upgrade", "--json")

    assert_verdict(check, 6, "unknown_revision", "DATABASE_URL")
    assert_verdict(upgrade, 6, "unknown_revision", "DATABASE_URL")
    assert "stranger" in check.json["error"]["message"]
    assert check.json["state"] == "ahead"


def test_several_heads_are_told_apart_from_everything_else(chain: Project) -> None:
    chain.revision("left")
    chain.revision("right", down="workers")

    result = chain.migrate("check", "--json")

    assert_verdict(result, 6, "several_heads", "merge")


def test_edited_revision_is_named_with_file_and_run(chain: Project) -> None:
    path = file_of(chain, "sites")
    path.write_text(path.read_text().replace("sa.Integer", "sa.BigInteger"))

    result = chain.migrate("check", "--json")

    assert_verdict(result, 3, "revision_edited", "new revision")
    assert entry(result, "revision_code")["status"] == "fail"
    assert path.name in entry(result, "revision_code")["detail"]
    assert chain.last_run()["id"] in entry(result, "revision_code")["detail"]
    assert "_workers.py" not in entry(result, "revision_code")["detail"]


def test_comments_layout_and_docstrings_are_no_edit(chain: Project) -> None:
    path = file_of(chain, "sites")
    text = path.read_text().replace('"""sites."""', '"""Sites, told better."""')
    text = text.replace("sa.Integer", "\n        sa.Integer  # ids are small\n    ")
    path.write_text(f"# A licence.\n\n{text}\n\n")

    result = chain.migrate("check", "--json")

    assert result.exit_code == 0, result.output


def test_revision_that_was_taken_back_may_be_edited(chain: Project) -> None:
    chain.migrate("downgrade", "-1")
    path = file_of(chain, "workers")
    path.write_text(path.read_text().replace("sa.Integer", "sa.BigInteger"))

    result = chain.migrate("check", "--json")

    assert_verdict(result, 3, "pending", "upgrade")
    assert entry(result, "revision_code")["status"] == "pass"


def test_deleted_revision_is_named_although_the_chain_is_whole(chain: Project) -> None:
    file_of(chain, "sites").unlink()
    path = file_of(chain, "workers")
    path.write_text(path.read_text().replace("down_revision = 'sites'", "down_revision = None"))

    result = chain.migrate("check", "--json")

    assert_verdict(result, 3, "revision_deleted", "version control")
    assert "sites" in entry(result, "revision_files")["detail"]
    # The other file was edited for it: both are told, the graver one is the error.
    assert entry(result, "revision_code")["code"] == "revision_edited"


@pytest.mark.parametrize("kind", ["edited", "deleted", "schema"])
def test_stamp_accepts_what_was_found_and_is_on_record(chain: Project, kind: str) -> None:
    path = file_of(chain, "workers")
    if kind == "edited":
        path.write_text(path.read_text().replace("sa.Integer", "sa.BigInteger"))
    elif kind == "schema":
        chain.query("alter table sites add column note text")
    else:
        file_of(chain, "sites").unlink()
        path.write_text(path.read_text().replace("= 'sites'", "= None"))
    found = chain.migrate("check", "--json")

    stamp = chain.migrate("stamp", "workers")

    check = chain.migrate("check", "--json")
    assert (found.exit_code, stamp.exit_code, check.exit_code) == (3, 0, 0), check.output
    assert "stamp workers" in found.json["error"]["hint"]
    assert chain.last_run()["command"] == "stamp"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("alter table sites add column note text", "column public.sites.note was added"),
        ("alter table sites alter id type bigint", "column public.sites.id was changed"),
        ("alter table sites alter id set default 7", "column public.sites.id was changed"),
        ("alter table sites add check (id > 0)", "constraint public.sites.sites_id_check was"),
        ("create index odd on sites (id)", "index public.sites.odd was added"),
        ("create table extra (id integer, n text)", "table public.extra was added"),
        ("drop table workers", "table public.workers was removed"),
        ("create view seen as select id from sites", "view public.seen was added"),
        ("create type mood as enum ('ok')", "type public.mood was added"),
        ("create sequence odd start 5", "sequence public.odd was added"),
        ("create function f(a int) returns int language sql as 'select a'", "function public.f(a"),
        ("alter table sites enable row level security", "table public.sites was changed"),
        ("create policy mine on sites using (id > 1)", "policy public.sites.mine was added"),
        (TRIGGER, "trigger public.sites.t was added"),
    ],
    ids=[
        *("column", "type", "default", "constraint", "index", "table", "lost-table", "view"),
        *("enum", "sequence", "function", "row-security", "policy", "trigger"),
    ],
)
def test_change_outside_migrations_is_named(chain: Project, statement: str, words: str) -> None:
    chain.query(statement)

    result = chain.migrate("check", "--json")

    assert_verdict(result, 3, "schema_changed", "write a revision")
    assert words in entry(result, "schema")["detail"]
    assert chain.last_run()["id"] in entry(result, "schema")["detail"]


def test_parts_of_a_new_table_are_not_listed_beside_it(chain: Project) -> None:
    chain.query("create table extra (id integer primary key, n text)")

    detail = entry(chain.migrate("check", "--json"), "schema")["detail"]

    assert "table public.extra was added; undo" in detail
    assert "column" not in detail


@pytest.mark.parametrize(
    "statements",
    [
        ("insert into sites values (1)", "analyze sites"),
        ("comment on table sites is 'where people work'",),
        ("alter table sites set (fillfactor = 70)",),
        ("grant select on sites to public",),
        ("create table parted (id int) partition by range (id)", "drop table parted"),
        ("alter table sites add column note text", "alter table sites drop column note"),
        ("create extension if not exists plpgsql",),
    ],
    ids=["rows", "comment", "storage", "rights", "undone", "dropped", "extension"],
)
def test_what_is_no_part_of_the_schema_is_no_change(
    chain: Project, statements: tuple[str, ...]
) -> None:
    for statement in statements:
        chain.query(statement)

    result = chain.migrate("check", "--json")

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "setting",
    [
        "search_path = public, other",
        "timezone = 'Asia/Tokyo'",
        "intervalstyle = 'iso_8601'",
        "bytea_output = 'escape'",
        "quote_all_identifiers = on",
    ],
    ids=lambda value: value.split()[0],
)
def test_how_a_session_writes_values_is_no_change(chain: Project, setting: str) -> None:
    """The server spells a default as the session likes it."""
    chain.revision(
        "shapes",
        """
        op.execute("create schema other")
        op.execute("create type other.mood as enum ('ok')")
        op.execute(
            "create table shapes (mood other.mood default 'ok', day date default '2026-01-31', "
            "at timestamptz default '2026-01-31 10:00+00', span interval default '1 day 2 hours', "
            "raw bytea default '\\\\x00ff', check (mood = 'ok'))"
        )
    """,
    )
    chain.migrate("upgrade")
    name = chain.query("select current_database()")[0][0]
    chain.query(f"alter database {name} set {setting}")

    result = chain.migrate("check", "--json")

    assert result.exit_code == 0, result.output


def test_new_partition_is_no_change(chain: Project) -> None:
    """Applications add one a month."""
    chain.revision(
        "events",
        """
        op.execute("create table events (at date not null primary key) partition by range (at)")
        op.execute("create table notes (at date references events)")
        op.execute("create index on events (at)")
    """,
    )
    chain.migrate("upgrade")
    chain.query("create table e1 partition of events for values from ('2026-01-01') to (maxvalue)")

    result = chain.migrate("check", "--json")

    assert result.exit_code == 0, result.output


def test_next_run_says_what_it_takes_for_granted(chain: Project) -> None:
    chain.query("alter table sites add column note text")
    chain.revision("later", TABLE.format("later"))

    run = chain.migrate("upgrade")

    assert "column public.sites.note was added" in run.stderr
    assert chain.migrate("check").exit_code == 0


def test_failed_run_leaves_a_fingerprint_of_what_it_committed(chain: Project) -> None:
    chain.revision("third", TABLE.format("third"))
    chain.revision("fourth", "op.execute('select * from nowhere')")
    chain.migrate("upgrade")

    result = chain.migrate("check", "--json")

    assert_verdict(result, 3, "pending", "upgrade")
    assert entry(result, "schema")["status"] == "pass"


def test_nothing_is_said_of_the_schema_after_a_run_without_a_fingerprint(chain: Project) -> None:
    """A run that was killed after a revision has changed something, and nobody knows what."""
    chain.query("""
        insert into migrator.run select (jsonb_populate_record(r, jsonb_build_object(
            'id', 'killed', 'started_at', clock_timestamp(), 'outcome', 'interrupted'))).*
        from migrator.run r
    """)
    chain.query("""
        insert into migrator.step (run_id, position, revision, direction, checksum, outcome)
        values ('killed', 1, 'workers', 'upgrade', '', 'applied')
    """)
    chain.query("alter table sites add column note text")

    result = chain.migrate("check", "--json")

    assert result.exit_code == 0, result.output
    assert entry(result, "schema")["status"] == "skip"
    assert "killed" in entry(result, "schema")["detail"]


def test_version_table_moved_by_another_tool_is_a_warning(chain: Project) -> None:
    chain.query("update alembic_version set version_num = 'sites'")
    chain.query("drop table workers")

    result = chain.migrate("check", "--json")

    assert entry(result, "ledger")["code"] == "ledger_disagrees"
    assert entry(result, "ledger")["status"] == "warn"
    assert any("left the database at workers" in line for line in result.json["warnings"])


def test_every_finding_is_listed_with_its_remedy(chain: Project) -> None:
    path = file_of(chain, "sites")
    path.write_text(path.read_text().replace("sa.Integer", "sa.BigInteger"))
    chain.query("alter table sites add column note text")
    chain.revision("later", TABLE.format("later"))

    result = chain.migrate("check", "--json")
    text = chain.migrate("check")

    assert_verdict(result, 3, "revision_edited", "undo the edit")
    assert [c["code"] for c in result.json["checks"] if c["status"] == "fail"] == [
        "revision_edited",
        "schema_changed",
    ]
    assert [item["revision"] for item in result.json["pending"]] == ["later"]
    assert text.stdout.count("stamp workers") == 2
    assert "  next: undo the edit" in text.stderr


def test_history_of_the_past_does_not_spoil_a_good_run(chain: Project) -> None:
    """`check` tells of it; a run that does its work ends with 0."""
    path = file_of(chain, "sites")
    path.write_text(path.read_text().replace("sa.Integer", "sa.BigInteger"))
    chain.revision("later", TABLE.format("later"))

    result = chain.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert not json.dumps(result.json["checks"]).count("revision_edited")


def test_invalid_index_is_the_finding_of_a_plugin(chain: Project) -> None:
    """To the core it is no change of the schema: no query can use it."""
    chain.enable("health_check")
    chain.query("insert into sites values (1), (2)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        chain.query("create unique index concurrently odd on sites ((id > 0))")

    result = chain.migrate("check", "--json")

    assert_verdict(result, 3, "invalid_index", "correct what the check names")
    assert "REINDEX INDEX CONCURRENTLY public.odd" in result.json["error"]["message"]
    assert entry(result, "schema")["status"] == "pass"


def test_models_that_differ_are_the_finding_of_a_plugin(chain: Project) -> None:
    chain.enable("health_check")
    env = chain.root / "alembic" / "env.py"
    models = "MetaData()\nTable('sites', models, Column('id', Integer, primary_key=True))\n"
    env.write_text(
        f"from sqlalchemy import Column, Integer, MetaData, Table\nmodels = {models}"
        + env.read_text().replace("connection=connection", "connection, target_metadata=models")
    )

    result = chain.migrate("check", "--json")

    assert_verdict(result, 3, "drift", "correct what the check names")
    assert "table workers is in the database but not in the models" in result.stdout
    assert {entry(result, name)["status"] for name in ("schema", "revision_code")} == {"pass"}
