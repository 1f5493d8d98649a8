"""Schemas as targets: tenants of one database, each with its own version table and record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sst.db.url import DatabaseUrl
from tests.support.forks import wait_until
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from tests.support.project import Project

ONE = "op.create_table('one', sa.Column('id', sa.Integer, primary_key=True))"
TENANTS = ("acme", "Acme-1", 'we"ird na\\me')
TABLES = """
    select schemaname::text, tablename::text from pg_tables
    where schemaname !~ '^pg_' and schemaname not in ('information_schema', 'migrator')
"""
RUNS = "select split_part(version_table, '.', 1), outcome from migrator.run order by 1, 2"


def quoted(schema: str) -> str:
    """Return *schema* as an identifier of SQL."""
    escaped = schema.replace('"', '""')
    return f'"{escaped}"'


def revision_of(project: Project, schema: str) -> str:
    """Return the revision in the version table of *schema*."""
    [(revision,)] = project.query(f"table {quoted(schema)}.alembic_version")
    return str(revision)


def listed(project: Project, *schemas: str, **more: Any) -> None:
    """Let *schemas* be the targets of *project*, called t0, t1 ..., with *more* said of each."""
    project.settings["migrate.targets.list"] = [
        {"name": f"t{number}", "schema": schema, **more} for number, schema in enumerate(schemas)
    ]


@pytest.fixture
def tenants(project: Project) -> Project:
    """Return a project with one revision and three targets, empty schemas of one database."""
    project.query("; ".join(f"create schema {quoted(each)}" for each in TENANTS))
    project.revision("one", ONE)
    listed(project, *TENANTS)
    return project


def test_each_schema_has_its_own_tables_record_and_failures(tenants: Project) -> None:
    done = tenants.migrate("upgrade", "--all", "--parallel", "2")
    tenants.query('insert into "Acme-1".one values (1)')
    tenants.revision("two", "op.execute('insert into one values (1)')")

    failed = tenants.migrate("upgrade", "--all", "--max-failures", "9", "--json")

    assert done.exit_code == 0, done.output
    assert set(tenants.query(TABLES)) == {
        (schema, table) for schema in TENANTS for table in ("one", "alembic_version")
    }
    assert failed.exit_code == 1
    states = {name: each["state"] for name, each in failed.json["targets"].items()}
    assert states == {"t0": "done", "t1": "failed", "t2": "done"}
    assert failed.json["targets"]["t1"]["schema"] == "Acme-1"
    assert [revision_of(tenants, each) for each in TENANTS] == ["two", "one", "two"]
    assert tenants.query(RUNS) == [
        ("Acme-1", "failed"),
        ("Acme-1", "succeeded"),
        *[(schema, "succeeded") for schema in ("acme", TENANTS[2]) for _ in range(2)],
    ]


def test_resumed_call_touches_only_the_schema_that_is_behind(tenants: Project) -> None:
    tenants.migrate("upgrade", "--target", "t1")

    result = tenants.migrate("upgrade", "--all", "--resume", "--json")

    states = {name: each["state"] for name, each in result.json["targets"].items()}
    assert states == {"t0": "done", "t1": "unchanged", "t2": "done"}


def test_drift_of_one_schema_is_no_drift_of_the_others(tenants: Project) -> None:
    tenants.migrate("upgrade", "--all")
    tenants.query('alter table "Acme-1".one add column by_hand int')

    result = tenants.migrate("check", "--all", "--json")

    assert result.exit_code == 3
    codes = {name: each["exit_code"] for name, each in result.json["targets"].items()}
    assert codes == {"t0": 0, "t1": 3, "t2": 0}
    assert 'column "Acme-1".one.by_hand was added' in result.stdout.replace('\\"', '"')


def test_two_schemas_run_at_once_and_one_schema_does_not(tenants: Project) -> None:
    """Each has a lock of its own."""
    tenants.revision("two", WAITS_IN_ACME)
    run = tenants.start("upgrade", "--target", "t0")
    wait_until(lambda: "applied one" in run.printed(), "the first revision is applied", 60)

    other = tenants.migrate("upgrade", "--target", "t1")
    same = tenants.migrate("upgrade", "--target", "t0", "--lock-wait", "0", "--json")
    (tenants.root / "go").touch()
    end = run.finish()

    assert other.exit_code == 0, other.output
    assert (same.exit_code, same.json["error"]["code"]) == (75, "lock_busy")
    assert end.exit_code == 0, end.output


WAITS_IN_ACME = """
if op.get_bind().scalar(sa.text("select current_schema()")) == "acme":
    while not os.path.exists("go"):
        time.sleep(0.01)
"""


def test_missing_schema_is_named_and_nothing_falls_through(tenants: Project) -> None:
    tenants.query("drop schema acme")

    result = tenants.migrate("upgrade", "--target", "t0", "--json")

    assert result.exit_code == 2
    assert "schema acme: does not exist" in result.json["error"]["message"]
    assert "create schema acme" in result.json["error"]["message"]
    assert tenants.query(TABLES) == []


def test_schema_that_the_role_may_not_use_is_named_with_the_grant(tenants: Project) -> None:
    with role(tenants) as url:
        listed(tenants, "acme", url=url)
        name = DatabaseUrl(url).role

        result = tenants.migrate("upgrade", "--target", "t0", "--json")

    assert result.exit_code == 2
    assert f"grant usage, create on schema acme to {name}" in result.json["error"]["message"]


def test_plan_is_rehearsed_on_that_schema_without_other_tenants(tenants: Project) -> None:
    """What no tenant owns is there, and the result of one tenant is not that of another."""
    tenants.migrate("upgrade", "--all")
    tenants.query("create schema shared; create domain shared.code as text")
    tenants.query('create table "Acme-1".of_one_tenant (id int)')
    tenants.revision("two", f'op.execute("""{ALONE}""")')
    tenants.enable("backup")

    plan = tenants.migrate("plan", "--target", "t0", "--json")
    other = tenants.migrate("plan", "--target", "t1", "--json")

    assert (plan.json["rehearsed"], plan.json["why_not"]) == (True, None)
    assert other.json["rehearsed"] is False
    assert "of_one_tenant" in other.json["why_not"]
    assert tenants.query("select to_regclass('acme.of_one_tenant')") == [(None,)]


@pytest.mark.parametrize("form", ["text", "json"])
def test_sql_of_a_plan_goes_to_that_schema_by_hand(tenants: Project, form: str) -> None:
    words = ("plan", "--sql", "--no-rehearsal", "--target", "t2", "--format", form)

    plan = tenants.migrate(*words)

    [one] = plan.json["revisions"] if form == "json" else [{"sql": plan.stdout}]
    assert 'SET search_path TO "we""ird na\\me";' in one["sql"]
    tenants.query(one["sql"].replace("%", "%%"))
    assert revision_of(tenants, TENANTS[2]) == "one"
    assert {schema for schema, _ in tenants.query(TABLES)} == {TENANTS[2]}


def test_sql_of_a_plan_for_a_whole_database_sets_no_search_path(tenants: Project) -> None:
    assert "search_path" not in tenants.migrate("plan", "--sql", "--no-rehearsal").output


ALONE = """
    create table of_one_tenant (id shared.code);
    do $$ begin
        if (select count(*) from pg_class where relname = 'one') > 1 then raise 'others'; end if;
    end $$
"""


def test_code_that_a_rule_proposes_does_not_name_the_schema(tenants: Project) -> None:
    tenants.migrate("upgrade", "--all")
    tenants.revision("two", "op.create_index('one_id', 'one', ['id'])")
    tenants.enable("backup", "safe_ddl")

    found = tenants.migrate("lint", "--target", "t1", "--json")

    [finding] = found.json["findings"]
    assert "postgresql_concurrently=True" in finding["instead"]
    assert not any(word in finding["instead"] for word in ("schema", "Acme"))


def test_new_revision_does_not_name_the_schema(tenants: Project) -> None:
    """Tables of other tenants are no difference, also where env.py includes schemas."""
    tenants.migrate("upgrade", "--all")
    (tenants.root / "alembic" / "env.py").write_text(ENV_WITH_MODELS, encoding="utf-8")

    result = tenants.migrate("revision", "-m", "two", "--autogenerate", "--target", "t1")

    assert result.exit_code == 0, result.output
    [file] = (tenants.root / "alembic" / "versions").glob("*two.py")
    text = file.read_text(encoding="utf-8")
    assert "op.add_column('one', sa.Column('note', sa.Text()" in text
    assert "Acme" not in text
    assert "drop_table" not in text


ENV_WITH_MODELS = """
import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
one = sa.Table("one", metadata, sa.Column("id", sa.Integer, primary_key=True))
one.append_column(sa.Column("note", sa.Text))
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.mark.parametrize(
    ("configured", "why"),
    [
        ("connection=given, version_table_schema='public'", "keeps the version table"),
        ("connection=create_engine(given.engine.url.set(query={**place})).connect()", "works in"),
    ],
)
def test_env_py_that_leaves_the_schema_is_refused(
    tenants: Project, configured: str, why: str
) -> None:
    env = ENV_OF_ITS_OWN.format(configured=configured)
    (tenants.root / "alembic" / "env.py").write_text(env, encoding="utf-8")

    result = tenants.migrate("upgrade", "--target", "t0")

    assert result.exit_code == 2
    assert why in result.output
    assert tenants.query(TABLES) == []


ENV_OF_ITS_OWN = """
from alembic import context
from sqlalchemy import create_engine

given = context.config.attributes["connection"]
place = {{key: value for key, value in given.engine.url.query.items() if key != "options"}}
context.configure({configured})
with context.begin_transaction():
    context.run_migrations()
"""


def test_repair_leaves_the_damage_of_other_schemas_alone(tenants: Project) -> None:
    tenants.migrate("upgrade", "--all")
    tenants.query('alter table "Acme-1".one add constraint big check (id > 5) not valid')

    other = tenants.migrate("repair", "--target", "t0")
    own = tenants.migrate("repair", "--target", "t1")

    assert other.exit_code == 0, other.output
    assert "big" not in other.output
    assert "big" in own.output


def test_options_of_the_url_stay_beside_the_schema(tenants: Project) -> None:
    join = "&" if "?" in tenants.database_url else "?"
    options = "options=-c%20search_path%3Dpublic%20-c%20sst.mark%3Dkept"
    listed(tenants, "acme", url=f"{tenants.database_url}{join}{options}")
    tenants.revision("two", f'op.execute("{MARKED}")')

    result = tenants.migrate("upgrade", "--target", "t0")

    assert result.exit_code == 0, result.output
    assert tenants.query("select mark from acme.two") == [("kept",)]


MARKED = "create table two as select current_setting('sst.mark') as mark"
