"""Six databases of one project, each in another state, on the list of targets."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.project import Project

FAILS_WITH_A_ROW = "op.execute('select 1 / (1 - (select count(*) from one))')"
STATES = {
    "ahead": "ahead",
    "behind": "pending",
    "broken": "pending",
    "current": "up_to_date",
    "gone": "unreachable",
    "new": "empty",
}
"""The state of each of the six, by its name."""


def six_databases(
    project: Project, make_database: Callable[[], str], refusing_url: str
) -> Mapping[str, str]:
    """List six databases of *project*, which has the revision `one`; return their URLs."""
    urls = {name: make_database() for name in STATES if name != "gone"}
    urls["gone"] = refusing_url
    assert project.migrate("upgrade", DATABASE_URL=urls["behind"]).exit_code == 0
    for name in ("ahead", "broken", "current"):
        _copy(urls["behind"], urls[name])
    execute(urls["ahead"], "update alembic_version set version_num = 'from_the_future'")
    execute(urls["broken"], "insert into one values (1)")
    project.revision("two", FAILS_WITH_A_ROW)
    assert project.migrate("upgrade", DATABASE_URL=urls["current"]).exit_code == 0
    assert project.migrate("upgrade", DATABASE_URL=urls["broken"]).exit_code == 1
    list_targets(project, urls)
    return urls


def _copy(source: str, url: str) -> None:
    """Make the empty database at *url* a copy of that at *source*, on the same server."""
    server = make_url(source).set(database="postgres").render_as_string(hide_password=False)
    old, new = (f'"{make_url(each).database}"' for each in (source, url))
    for statement in (f"drop database {new}", f"create database {new} template {old}"):
        execute(server, statement)


def list_targets(project: Project, urls: Mapping[str, str]) -> None:
    """Let *urls*, by the names of the databases, be the targets of *project*."""
    rows = "".join(f"{name},{url}\n" for name, url in urls.items())
    whole = project.root / "targets.csv.new"
    whole.write_text(f"name,url\n{rows}", encoding="utf-8")
    whole.replace(project.root / "targets.csv")
    project.environment["MIGRATE__TARGETS__FILE"] = "targets.csv"


def execute(url: str, statement: str) -> None:
    """Execute *statement* on the database at *url*."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
