"""Fixtures for foreign projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, pool

from sst.db.url import DatabaseUrl
from tests.support.driven import Driven

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    from tests.support.foreign import ForeignProject


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """Return a connection such as the migrator's: direct, its own, outside a transaction."""
    url = DatabaseUrl(database_url).for_psycopg2()
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def drive(connection: Connection, database_url: str) -> Callable[..., Driven]:
    """Return a function that opens a foreign project on the test's database."""

    def opened(project: ForeignProject, url: str = database_url) -> Driven:
        return Driven(project, connection, url)

    return opened
