"""A second Alembic project in the same database, with a version table of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import foreign_envs as envs
from tests.support.faults import UNTIL_GO
from tests.support.forks import wait_until
from tests.support.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.forks import Running

TABLE = "neighbour_version"
HEADS = f"SELECT version_num FROM {TABLE}"  # noqa: S608 - our own name


def neighbour(root: Path, database_url: str) -> Project:
    """Return a project without a revision on the database of another one."""
    found = Project.create(root, database_url)
    (root / "alembic" / "env.py").write_text(envs.configured(f'version_table="{TABLE}"'))
    return found


def at_work(project: Project) -> Running:
    """Start a run of *project* that has committed `first` and waits in `second`; see `go`."""
    project.revision("first", "op.execute('create table of_the_neighbour as select 1 as n')")
    project.revision("second", UNTIL_GO)
    running = project.start("upgrade", "--json")
    wait_until((project.root / "reached").exists, f"the neighbour's run\n{running.printed()}")
    return running


def go(project: Project) -> None:
    """Let the run of `at_work` go on."""
    (project.root / "go").touch()
