"""A plugin with tables of its own: revisions under its own label, and the models they lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from sst.testing.project.files import write_source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

_PLUGIN = """
from pathlib import Path
import sqlalchemy as sa
from sst.hooks import Migrations, hookimpl

metadata = sa.MetaData()
{models}

@hookimpl
def register_migrations():
    folder = Path(__file__).parent.parent / {folder!r}
    return [Migrations(folder, branch_label={label!r}, metadata=[metadata])]
"""
_REVISION = '''
"""{id}."""

import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends_on!r}


def upgrade() -> None:
{upgrade}


def downgrade() -> None:
{downgrade}
'''
_ENV = """
import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
{models}

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, {options}
)
with context.begin_transaction():
    context.run_migrations()
"""


@dataclass
class Branch:
    """The plugin *name* of a project, with the branch *label* in the folder `NAME_versions`."""

    project: Project
    name: str
    label: str
    ids: list[str] = field(default_factory=list)

    @classmethod
    def create(
        cls, project: Project, name: str = "audit", *, label: str | None = None, models: str = ""
    ) -> Branch:
        """Write the plugin, and its folder without revisions; it is not enabled."""
        branch = cls(project, name, label or name)
        branch.folder.mkdir()
        branch.describe(models)
        return branch

    @property
    def folder(self) -> Path:
        """Where its revisions are."""
        return self.project.root / f"{self.name}_versions"

    def describe(self, models: str) -> None:
        """Write the plugin with *models*, statements that add tables to `metadata`."""
        text = _PLUGIN.format(models=dedent(models), folder=self.folder.name, label=self.label)
        self.project.plugin(self.name, text)

    def revision(
        self,
        name: str,
        upgrade: str = "pass",
        downgrade: str = "pass",
        *,
        down: str | None = "last",
        depends_on: str | None = None,
        labels: tuple[str, ...] | None = None,
    ) -> str:
        """Write a revision that follows the last one; the first carries the label."""
        previous = (self.ids[-1] if self.ids else None) if down == "last" else down
        text = _REVISION.format(
            id=name,
            down=previous,
            labels=labels if labels is not None else (None if self.ids else (self.label,)),
            depends_on=depends_on,
            upgrade=indent(dedent(upgrade).strip(), "    "),
            downgrade=indent(dedent(downgrade).strip(), "    "),
        )
        (self.folder / f"{len(self.ids):02d}_{name}.py").write_text(text)
        self.ids.append(name)
        return name

    def table(self, name: str, *, depends_on: str | None = None) -> str:
        """Write a revision of that name which creates a table of that name."""
        columns = "sa.Column('id', sa.Integer, primary_key=True)"
        create = f"op.create_table({name!r}, {columns})"
        return self.revision(name, create, f"op.drop_table({name!r})", depends_on=depends_on)


def describe_project(project: Project, models: str, options: str = "") -> None:
    """Give the project's env.py *models*, statements that add tables to `metadata`.

    *options* are more arguments of `context.configure`.
    """
    text = _ENV.format(models=dedent(models), options=options)
    write_source(project.root / "alembic" / "env.py", text)
