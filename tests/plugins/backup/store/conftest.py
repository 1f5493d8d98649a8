"""Fixtures for tests of an S3 store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.object_store import ObjectStore, object_store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    """Return a running S3 server."""
    with object_store() as running:
        yield running


@pytest.fixture
def bucket(store: ObjectStore) -> str:
    """Return the name of an empty bucket."""
    return store.bucket()
