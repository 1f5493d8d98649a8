"""Keys that every image agrees on, and the words for who holds a lock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from sst.migrator.session.run_lock import LockHolder, RunLock

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SINCE = datetime(2026, 11, 25, 23, 49, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schema", "table", "key"),
    [
        ("public", "alembic_version", -4469269758114764192),
        ("billing", "alembic_version", 2316031593852752197),
    ],
)
def test_key_of_a_project_is_what_older_images_take(schema: str, table: str, key: int) -> None:
    lock = RunLock(cast("Connection", None), table, schema)

    assert lock._keys == {"key": key, "database_key": 6238250613186065900}


def test_holder_of_another_role_is_named_without_what_this_one_may_not_see() -> None:
    """The server hides address and time; two projects in a database often have two roles."""
    seen = LockHolder(7, "shop", "sst-migrate 1", "10.0.0.1", _SINCE)
    hidden = LockHolder(7, "billing", "sst-migrate 2", None, None)
    local = LockHolder(7, "shop", "", None, _SINCE)

    assert str(seen) == (
        "sst-migrate 1 (pid 7, role shop, from 10.0.0.1, connected 2026-11-25 23:49:00 UTC)"
    )
    assert str(hidden) == "sst-migrate 2 (pid 7, role billing)"
    assert str(local) == (
        "a session (pid 7, role shop, from the server's own host, "
        "connected 2026-11-25 23:49:00 UTC)"
    )
