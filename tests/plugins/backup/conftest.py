"""A filled database and a run that is about to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive.source import Source
from plugins.backup.postgres.client_programs import find_tools
from sst.db.url import DatabaseUrl
from tests.support.backups import execute
from tests.support.owners import owned
from tests.support.runs import make_run
from tests.support.shops import Models
from tests.support.swaps import drop_family

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run
    from tests.support.owners import Owned
    from tests.support.project import Project
    from tests.support.server import TestServer
    from tests.support.shops import Shop


@pytest.fixture
def filled(database_url: str) -> str:
    """Return the URL of a database with rows that do not compress to nothing."""
    execute(database_url, "CREATE TABLE note (id integer PRIMARY KEY, body text)")
    execute(
        database_url,
        "INSERT INTO note SELECT n, sha512(CAST(CAST(n AS text) AS bytea))"
        " FROM generate_series(1, 2000) AS n",
    )
    return database_url


@pytest.fixture
def run(filled: str, tmp_path: Path) -> Run:
    """Return a run that is about to change that database."""
    return make_run(filled, tmp_path)


@pytest.fixture
def real(run: Run) -> Tools:
    """Return the tools that fit the server."""
    return find_tools(Source.of(run).server_major)


@pytest.fixture
def kept(project: Project, server: TestServer) -> Iterator[Project]:
    """Return a project that makes backups; what restores leave of its database is dropped."""
    project.enable("backup")
    yield project
    drop_family(server.url, DatabaseUrl(project.database_url).name)


@pytest.fixture(scope="session")
def models(
    embedded: TestServer,  # noqa: ARG001 - it must outlive them
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Models]:
    """Return the projects that shops are copies of: one for each server."""
    made = Models(tmp_path_factory.mktemp("models"))
    yield made
    made.drop()


@pytest.fixture
def shop(models: Models, server: TestServer, tmp_path: Path) -> Iterator[Shop]:
    """Return a project that has migrated past its backup; every database of it is dropped."""
    found = models.copy(server, tmp_path / "project")
    live = found.live
    yield found
    drop_family(server.url, live)


@pytest.fixture
def weak(server: TestServer, tmp_path: Path) -> Iterator[Owned]:
    """Return a project whose role owns the database and is no superuser."""
    with owned(server, tmp_path / "project") as found:
        yield found
