"""Fixtures that every test may use: servers and databases."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.older_server import older_server
from tests.support.one_server import one_server_is_enough
from tests.support.project import Project
from tests.support.server import TestServer, embedded_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_EXTERNAL_VARIABLE = "TEST_DATABASE_URL"
_LOWEST = (
    *("unit/bridge", "unit/config/binding", "unit/hooks/calling", "unit/web/"),
    *("test_upgrade", "plugin_branches", "plugin_models", "test_wheel", "rehearsal/test_results"),
    "plugins/fleet_procrastinate",
)


def pytest_configure(config: pytest.Config) -> None:
    """Keep pytest-alembic from binding its tests to this file: under pytest 9.2 it breaks there.

    Ours import them (`tests/migrations/test_pytest_alembic.py`).
    """
    config.option.pytest_alembic_tests_path = "nowhere"


def _keep_bytecode() -> None:
    """Let the processes of the tests write what they compile, whatever the shell has exported.

    Otherwise every command of a test compiles its plugins again, and a new process the product.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


_keep_bytecode()  # before the workers of xdist start, and before test modules are imported


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run integration tests on the external server as well, when one is named and it matters."""
    if "server" in metafunc.fixturenames and _wants_external(metafunc):
        metafunc.parametrize("server", ["embedded", "external"], indirect=True)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is not asked for before it is imported: it may need what is not there."""
    if config.getoption("markexpr") != "lowest":
        return None
    is_folder = collection_path.is_dir()
    tests = collection_path.rglob("test_*.py") if is_folder else [collection_path]
    return None if any(map(_is_lowest, tests)) else True


def _is_lowest(path: Path) -> bool:
    return any(word in path.as_posix() for word in _LOWEST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what also runs on the installed wheel; put the slow tests first, in their order.

    One that starts last lets all other workers wait for it.
    """
    for item in items:
        if _is_lowest(item.path):
            item.add_marker(pytest.mark.lowest)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _wants_external(metafunc: pytest.Metafunc) -> bool:
    if not os.environ.get(_EXTERNAL_VARIABLE):
        return False
    is_asked = metafunc.definition.get_closest_marker("external") is not None
    return is_asked or not one_server_is_enough(metafunc.definition.path)


@pytest.fixture(scope="session")
def embedded() -> Iterator[TestServer]:
    """Return the session's own server; started on first use, stopped at the end."""
    with embedded_server() as server:
        yield server


@pytest.fixture(scope="session")
def older() -> Iterator[TestServer]:
    """Return a server of PostgreSQL 16; started on first use, stopped at the end."""
    with older_server() as server:
        yield server


@pytest.fixture(params=["embedded", "external", "older"])
def each_server(request: pytest.FixtureRequest) -> TestServer:
    """Return each server that there is: PostgreSQL 18, 16, and that of `TEST_DATABASE_URL`."""
    if request.param != "external":
        server: TestServer = request.getfixturevalue(request.param)
        return server
    if _EXTERNAL_VARIABLE not in os.environ:
        pytest.skip(f"{_EXTERNAL_VARIABLE} names no server")
    return TestServer(os.environ[_EXTERNAL_VARIABLE])


@pytest.fixture
def server(request: pytest.FixtureRequest) -> TestServer:
    """Return the server of this test: `embedded`, or the one TEST_DATABASE_URL names."""
    if getattr(request, "param", "embedded") == "external":
        return TestServer(os.environ[_EXTERNAL_VARIABLE])
    embedded: TestServer = request.getfixturevalue("embedded")
    return embedded


@pytest.fixture
def make_database(server: TestServer) -> Iterator[Callable[[], str]]:
    """Return a function that creates an empty database and returns its URL."""
    urls: list[str] = []

    def create() -> str:
        urls.append(server.create_database())
        return urls[-1]

    yield create
    for url in urls:
        server.drop_database(url)


@pytest.fixture
def database_url(make_database: Callable[[], str]) -> str:
    """Return the URL of a fresh, empty database; dropped when the test is over."""
    return make_database()


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Project:
    """Return an empty project of its own with a fresh database; see `tests/support/project.py`."""
    return Project.create(tmp_path / "project", database_url)
