"""Roles that may do little or nothing in a project's database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sst.db.url import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project


@contextmanager
def role(project: Project, attributes: str = "login") -> Iterator[str]:
    """Make a role with *attributes* that owns nothing in the database of *project*; yield its URL.

    With it goes all that it has come to own.
    """
    url = DatabaseUrl(project.database_url)
    name = f"weak_{url.name}"
    user = project.database_url.split("://")[1].split("@")[0]
    project.query(f"create role {name} {attributes}")
    try:
        yield project.database_url.replace(f"://{user}@", f"://{name}@", 1)
    finally:
        project.query(f"drop owned by {name} cascade")
        project.query(f"drop role {name}")


@contextmanager
def reader_of(project: Project) -> Iterator[str]:
    """Make a role that may read everything in the database of *project*; yield its URL."""
    with role(project, "login in role pg_read_all_data") as url:
        yield url
