"""The application on a database that our own upgrade has migrated, asked in this process."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from app.api import ROUTERS
from sst.runtime import open_runtime
from sst.web import create_app
from tests.support.project import REPOSITORY, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.server import TestServer


@pytest.fixture(scope="session")
def migrated_once(embedded: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with the revisions of this repository, all of them applied."""
    folder = tmp_path_factory.mktemp("app") / "project"
    project = Project.create(folder, embedded.create_database())
    project.environment["MIGRATE__SCRIPT_LOCATION"] = str(REPOSITORY / "alembic")
    upgrade = project.migrate("upgrade")
    assert upgrade.exit_code == 0, upgrade.output
    return project


@pytest.fixture
def migrated(migrated_once: Project) -> Project:
    """Return that project without a row."""
    migrated_once.query("truncate sites, workers, incidents restart identity")
    return migrated_once


@pytest.fixture
def serve(migrated: Project) -> Iterator[Callable[..., TestClient]]:
    """Return a function that serves the application with settings, as variables spell them."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(_served(migrated, settings))


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    """Return a client of the application as it is set up by default."""
    return serve()


@contextmanager
def _served(project: Project, settings: dict[str, str]) -> Iterator[TestClient]:
    environ = {"DATABASE_URL": project.database_url, **project.environment, **settings}
    with open_runtime(project.root, environ=environ) as runtime:
        app = create_app(runtime, routers=ROUTERS)
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client
