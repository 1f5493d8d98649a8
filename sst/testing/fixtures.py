"""The fixtures of the kit; `pytest_plugins = ["sst.testing"]` brings them in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sst.testing.leaks import ProcessState
from sst.testing.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sst.testing.project.server import TestServer

SERVER_VARIABLE = "SST_TEST_DATABASE_URL"


@pytest.fixture(scope="session")
def sst_server() -> TestServer:
    """Return the server of the tests: the one SST_TEST_DATABASE_URL names, else one of our own.

    The URL's user must be allowed to create databases.
    """
    from sst.testing.project.server import TestServer, start_server

    url = os.environ.get(SERVER_VARIABLE)
    return TestServer(url) if url else start_server()


@pytest.fixture
def project(
    tmp_path: Path, sst_server: TestServer, pytestconfig: pytest.Config
) -> Iterator[Project]:
    """Return a project without revisions, with a database of its own that goes with the test."""
    url = sst_server.create_database()
    try:
        yield Project.create(tmp_path / "project", url, pytestconfig.rootpath / "plugins")
    finally:
        sst_server.drop_database(url)


@pytest.fixture
def no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test when it, or a command of its project, leaves something behind.

    Threads that still run, variables of the environment, the working folder.
    Take it for all tests of a file: `pytestmark = pytest.mark.usefixtures("no_leaks")`.
    """
    project: Project | None = None
    if "project" in request.fixturenames:
        project = request.getfixturevalue("project")
    before = ProcessState.now()
    yield
    outcomes = project.outcomes if project else []
    leaks = [*before.leaks(), *(leak for each in outcomes for leak in each.leaks)]
    assert not leaks, f"left behind: {'; '.join(leaks)}"  # noqa: S101 - a test's own verdict
