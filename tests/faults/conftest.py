"""What every fault needs: the chain's undisturbed states, and a server that may be hurt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.dumps import dump
from tests.support.faults import STATES, Scene, prepare
from tests.support.hurt_server import hurt_server
from tests.support.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.hurt_server import HurtServer
    from tests.support.server import TestServer


@pytest.fixture(scope="session")
def undisturbed(
    embedded: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, frozenset[str]]:
    """Return what the database holds at each revision when nothing goes wrong."""
    url = embedded.create_database()
    project = prepare(Project.create(tmp_path_factory.mktemp("undisturbed") / "project", url))
    states = {"": dump(url)}
    for revision in STATES[1:]:
        assert project.migrate("upgrade", revision).exit_code == 0
        states[revision] = dump(url)
    embedded.drop_database(url)
    return states


@pytest.fixture
def scene(project: Project) -> Scene:
    """Return the faults' project on the session's server."""
    return Scene(prepare(project))


@pytest.fixture(scope="module")
def own_server() -> Iterator[HurtServer]:
    """Return a server that the tests of one file may hurt, one after the other."""
    with hurt_server() as server:
        yield server


@pytest.fixture
def hurt_scene(own_server: HurtServer, tmp_path: Path) -> Iterator[Scene]:
    """Return the faults' project on a server that may be hurt; it has to run again at the end."""
    url = own_server.databases.create_database()
    yield Scene(prepare(Project.create(tmp_path / "project", url)), own_server)
    own_server.databases.drop_database(url)
