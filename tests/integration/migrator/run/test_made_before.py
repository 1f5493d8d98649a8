"""A database with the tables and no version table: `stamp` is the way on, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

ENV = """
import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
sa.Table("one", metadata, sa.Column("id", sa.Integer))
sa.Table("two", metadata, sa.Column("id", sa.Integer))

connection = context.config.attributes.get("connection")
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.fixture
def made(project: Project) -> Project:
    """Make a project with models and two revisions, and the first table by other means."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    (project.root / "alembic" / "env.py").write_text(ENV)
    project.query("create table one (id int)")
    return project


def test_database_with_all_that_the_models_describe_is_stamped_at_the_heads(made: Project) -> None:
    made.query("create table two (id int)")

    hint = made.migrate("upgrade", "--json").json["error"]["hint"]

    assert "has all that the models describe: `python migrate.py stamp heads`" in hint
    assert made.migrate("stamp", "heads").exit_code == 0
    assert made.migrate("upgrade").exit_code == 0


def test_database_with_a_part_of_it_is_told_the_revision_that_met_it(made: Project) -> None:
    hint = made.migrate("upgrade", "--json").json["error"]["hint"]

    assert "all that the revisions up to one make, `python migrate.py stamp one`" in hint
