"""A project in maintenance: where the flag is, and a revision that waits for the test."""

from __future__ import annotations

import socket
import uuid
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from tests.support.faults import UNTIL_GO
from tests.support.redis_server import redis_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

PLACES = ("database", "redis")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Return the URL of a Redis that other tests may use as well."""
    with redis_server() as url:
        if url is None:
            pytest.skip("no redis-server on this machine, and no TEST_REDIS_URL")
        yield url


@pytest.fixture
def redis_key(redis_url: str) -> Iterator[str]:
    """Return a key of the test's own."""
    key = f"test:maintenance:{uuid.uuid4().hex}"
    yield key
    with Redis.from_url(redis_url) as redis:
        redis.delete(key)


@pytest.fixture
def waiting(project: Project) -> Project:
    """Return a project whose first revision waits until the test makes the file `go`."""
    project.revision("one", f"op.execute('create table one ()')\n{UNTIL_GO}")
    project.enable("maintenance")
    project.environment |= {
        "PLUGINS__MAINTENANCE__SETTLE_SECONDS": "0",
        "PLUGINS__MAINTENANCE__RETRY_AFTER_SECONDS": "7",
    }
    return project


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, waiting: Project) -> str:
    """Put the flag of the waiting project here and return the place's name."""
    if request.param == "redis":
        waiting.environment["REDIS_URL"] = request.getfixturevalue("redis_url")
        key = request.getfixturevalue("redis_key")
        waiting.environment["PLUGINS__MAINTENANCE__REDIS_KEY"] = key
    name: str = request.param
    return name


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return the port of a server that accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """Return a port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
