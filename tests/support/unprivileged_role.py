"""A role that may read a project's database and write nothing there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project


@contextmanager
def reader_of(project: Project) -> Iterator[str]:
    """Make a role that may read everything in the database of *project*; yield its URL."""
    role = f"reader_{project.database_url.split('?')[0].rsplit('/', 1)[-1]}"
    user = project.database_url.split("://")[1].split("@")[0]
    project.query(f"create role {role} login in role pg_read_all_data")
    try:
        yield project.database_url.replace(f"://{user}@", f"://{role}@", 1)
    finally:
        project.query(f"drop owned by {role}")
        project.query(f"drop role {role}")
