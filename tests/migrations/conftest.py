"""A fresh database with nothing in it, and the history to put there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from sst.db.url import DatabaseUrl
from tests.migrations.chain import Chain

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def chain(database_url: str) -> Iterator[Chain]:
    """Return the history on an empty database."""
    engine = sa.create_engine(DatabaseUrl(database_url).for_psycopg2(), poolclass=sa.NullPool)
    yield Chain(engine)
    engine.dispose()
