"""What the tests of the served application share."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.served import PASSWORD, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project


@pytest.fixture
def project(project: Project) -> Project:
    """Return a project with a revision, and a token for details."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.environment["OPERATIONS_TOKEN"] = TOKEN
    return project


@pytest.fixture
def migrated(project: Project) -> Project:
    """Return the project with its database at head."""
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    return project


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Return the URL of a server that accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        yield f"postgresql://hung:{PASSWORD}@127.0.0.1:{listener.getsockname()[1]}/hung"


@pytest.fixture
def refusing_url() -> Iterator[str]:
    """Return the URL of a port where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"postgresql://gone:{PASSWORD}@127.0.0.1:{bound.getsockname()[1]}/gone"
