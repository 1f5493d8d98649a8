"""What would stop the swap is found before anything is done, and says what helps."""

from __future__ import annotations

import shutil
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.restore.preflight import (
    free_bytes,
    require_roles,
    require_room,
    require_swappable,
)
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.backups import execute
from tests.support.hurt_server import hurt_server
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugins.backup.postgres.maintenance_session import Server

_CLINGING = (
    "SELECT pg_create_logical_replication_slot('slot', 'pgoutput')",
    "CREATE SUBSCRIPTION news CONNECTION '' PUBLICATION p WITH (connect = off, slot_name = NONE)",
    "BEGIN; CREATE TABLE half (n int); PREPARE TRANSACTION 'half'",
)


@pytest.fixture
def outside(database_url: str) -> Iterator[Server]:
    """Return the server as a superuser sees it."""
    with connected(DatabaseUrl(database_url)) as found:
        yield found


@pytest.fixture
def weak(outside: Server, database_url: str) -> Iterator[Server]:
    """Return the server as a role sees it that may do nothing but log in."""
    role = f"weak_{uuid.uuid4().hex[:8]}"
    outside.execute("CREATE ROLE {}", role)
    url = DatabaseUrl(database_url)
    with connected(url) as found:
        found.execute("SET ROLE {}", role)
        yield found
    outside.execute("DROP OWNED BY {}", role)
    outside.execute("DROP ROLE {}", role)


def test_a_superuser_may_swap(outside: Server, database_url: str) -> None:
    require_swappable(outside, DatabaseUrl(database_url).name)


@pytest.mark.external
def test_all_that_a_role_lacks_is_said_at_once(weak: Server, database_url: str) -> None:
    live = DatabaseUrl(database_url).name

    with closing(connect(database_url)), pytest.raises(Veto) as veto:
        require_swappable(weak, live)

    assert veto.value.code == "cannot_swap"
    assert "may not create databases" in veto.value.reason
    assert f"{live} belongs to postgres" in veto.value.reason
    assert "may not end the sessions of postgres" in veto.value.reason
    assert "GRANT postgres TO weak_" in veto.value.hint


@pytest.mark.slow
def test_what_would_stay_with_the_old_database_is_named() -> None:
    with hurt_server() as own:
        with closing(connect(own.databases.url)) as connection:
            for setting in ("wal_level = logical", "max_prepared_transactions = 2"):
                connection.cursor().execute(f"ALTER SYSTEM SET {setting}")
        own.restart()
        url = own.databases.create_database()
        for statement in _CLINGING:
            execute(url, statement)

        with connected(DatabaseUrl(url)) as outside, pytest.raises(Veto) as veto:
            require_swappable(outside, DatabaseUrl(url).name)

    assert "prepared transactions: half" in veto.value.reason
    assert "logical replication slots: slot" in veto.value.reason
    assert "subscriptions: news" in veto.value.reason
    assert "ROLLBACK PREPARED" in veto.value.hint


def test_missing_roles_are_named(outside: Server) -> None:
    with pytest.raises(Veto, match=r"does not have: gone, gone too$") as veto:
        require_roles(outside, ["postgres", "gone too", "gone"])

    assert "--no-owner" in veto.value.hint


def test_a_disk_without_room_is_refused(outside: Server) -> None:
    free = free_bytes(outside, "pg_default")
    assert free is not None

    with pytest.raises(Veto, match=" free; a "):
        require_room(outside, "pg_default", 2 * free)
    require_room(outside, "pg_default", free // 2)


def test_a_disk_that_cannot_be_seen_refuses_nobody(weak: Server) -> None:
    assert free_bytes(weak, "pg_default") is None

    require_room(weak, "pg_default", 1000 * shutil.disk_usage("/").total)
