"""A rehearsal on the embedded server of the same major version, never on the database's own."""

from __future__ import annotations

import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sst.migrator.rehearsal.copy import embedded_server, empty_database
from sst.migrator.schema.shape import server_major
from sst.migrator.session.connections import open_connection
from sst.runtime import open_runtime
from tests.support.project import Project
from tests.support.server import connect, temporary_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.server import TestServer

_ADD = "op.execute('alter table note add x integer')"
_UNKNOWN_EXTENSION = """
insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
select 99999, 'nowhere', extowner, extnamespace, extrelocatable, extversion from pg_extension
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder for the files of the embedded server."""
    place = temporary_place()
    yield place.folder
    shutil.rmtree(place.folder)


def _pending(server: TestServer, root: Path, folder: Path) -> Iterator[Project]:
    url = server.create_database()
    project = Project.create(root, url)
    project.enable("backup", "embedded_postgres")
    project.settings["migrate.rehearse"] = "elsewhere"
    project.settings["plugins.embedded_postgres.directory"] = str(folder / "postgres")
    project.revision("one", "op.execute('create table note (id integer primary key)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    project.revision("two", _ADD)
    yield project
    server.drop_database(url)


@pytest.fixture
def pending(older: TestServer, tmp_path: Path, folder: Path) -> Iterator[Project]:
    """Return a project with a pending revision, whose database is one of PostgreSQL 16."""
    yield from _pending(older, tmp_path / "project", folder)


def test_nothing_is_made_on_the_server_of_the_database(pending: Project, folder: Path) -> None:
    [(made,)] = pending.query("select max(oid::bigint) from pg_database")

    plan = pending.migrate("plan", "--json")
    text = pending.migrate("plan")

    assert plan.json["rehearsed"], plan.json["why_not"]
    [revision] = plan.json["revisions"]
    assert revision["statements"][0]["blocks"] == "reads and writes"
    assert "without rows on the embedded PostgreSQL 16;" in " ".join(text.output.split())
    [(next_made,)] = pending.query(
        "select max(oid::bigint) from pg_database where oid::bigint >= %s", made
    )
    assert next_made == made
    assert [each.name for each in folder.iterdir()] == ["postgres-scratch-16"]


def test_empty_database_is_dropped_again(pending: Project) -> None:
    """A history is replayed in one where there is no database to copy."""
    given = [f"{name}={value}" for name, value in pending.settings.items()]
    environ = {"DATABASE_URL": pending.database_url}
    with open_runtime(pending.root, environ=environ, overrides=given) as runtime:
        context = runtime.migrator._context
        server = embedded_server(context)

        with (
            empty_database(context, server) as scratch,
            open_connection(scratch, "test") as connection,
        ):
            tables = connection.exec_driver_sql(
                "select count(*) from pg_class where oid >= 16384"
            ).scalar_one()
            major = server_major(connection)

        with closing(connect(str(server.for_psycopg2()))) as session, session.cursor() as cursor:
            cursor.execute("select datname from pg_database where datname ~ '_plan_'")
            left = cursor.fetchall()
    assert (tables, major, left) == (0, 18, [])


def test_extension_that_the_other_server_lacks_is_named(pending: Project) -> None:
    pending.query(_UNKNOWN_EXTENSION)

    plan = pending.migrate("plan", "--json")

    assert (plan.exit_code, plan.json["rehearsed"]) == (0, False)
    assert 'extension "nowhere" is not available' in plan.json["why_not"]


def test_plan_without_another_server_says_so(pending: Project) -> None:
    pending.enable("backup")
    del pending.settings["plugins.embedded_postgres.directory"]

    plan = pending.migrate("plan", "--json")

    assert plan.exit_code == 0, plan.output
    assert "the plugin `embedded_postgres` is not enabled" in plan.json["why_not"]


def test_version_that_the_package_lacks_is_told(
    server: TestServer, tmp_path: Path, folder: Path
) -> None:
    for project in _pending(server, tmp_path / "project", folder):
        [(version,)] = project.query("select current_setting('server_version_num')::integer")

        plan = project.migrate("plan", "--json")

        assert plan.exit_code == 0, plan.output
        if version // 10_000 in {16, 18}:
            assert plan.json["rehearsed"], plan.json["why_not"]
        else:
            assert "only 18 and 16 (name a server of that version" in plan.json["why_not"]
