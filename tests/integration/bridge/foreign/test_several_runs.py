"""An env.py that migrates one database more than once is refused before anything is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

_TENANTS = """
from alembic import context
from sqlalchemy import engine_from_config, pool, text

config = context.config
section = config.get_section(config.config_ini_section, {})
engine = engine_from_config(section, poolclass=pool.NullPool)
with engine.connect() as connection:
    names = "select nspname from pg_namespace where nspname like 'tenant_%' order by 1"
    for schema in connection.scalars(text(names)).all():
        connection.execute(text(f'set search_path to "{schema}"'))
        connection.commit()
        connection.dialect.default_schema_name = schema
        context.configure(connection=connection OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
"""
_NAMES = """
from alembic import context

for name in ("one", "two"):
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, upgrade_token=name + "_upgrades")
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.fixture(params=[", version_table_schema=schema", ""], ids=["schema", "search path"])
def tenants(request: pytest.FixtureRequest, project: Project) -> Project:
    """Return a project whose env.py walks over the schemas of two tenants."""
    env = _TENANTS.replace(" OPTIONS", request.param)
    (project.root / "alembic" / "env.py").write_text(env)
    project.revision("a1", "op.execute('create table t (id int)')")
    project.query("create schema tenant_a")
    project.query("create schema tenant_b")
    return project


@pytest.mark.parametrize(
    "command", [["upgrade"], ["check"], ["current"], ["plan"], ["stamp", "head"]], ids=str
)
def test_tenants_are_refused_by_every_command(command: list[str], tenants: Project) -> None:
    end = tenants.migrate(*command, "--json")

    assert end.exit_code == 2, end.output
    message = end.json["error"]["message"]
    assert "tenant_a.alembic_version, tenant_b.alembic_version" in message
    assert "several version tables" in message
    assert tenants.query("select 1 from pg_class where relname in ('t', 'alembic_version')") == []


def test_tenant_that_came_later_is_never_taken_for_up_to_date(tenants: Project) -> None:
    tenants.query("drop schema tenant_b")
    assert tenants.migrate("upgrade").exit_code == 0
    assert tenants.query("select version_num from tenant_a.alembic_version") == [("a1",)]
    tenants.query("create schema tenant_b")

    ends = [tenants.migrate(command, "--json").exit_code for command in ("upgrade", "check")]

    assert ends == [2, 2]


def test_two_names_for_one_database_are_refused(project: Project) -> None:
    (project.root / "alembic" / "env.py").write_text(_NAMES)
    project.revision("a1", "op.execute('create table e1 ()')")

    end = project.migrate("upgrade", "--json")

    assert end.exit_code == 2, end.output
    assert "runs migrations 2 times in this database" in end.json["error"]["message"]
    assert project.query("select to_regclass('e1')::text") == [(None,)]
