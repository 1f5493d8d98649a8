"""Others on the server cannot plant what a backup or a restore then runs, or puts in place."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive.contents import list_tables
from plugins.backup.postgres import marks
from plugins.backup.postgres.database_session import asked
from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.postgres.process import Deadline
from plugins.backup.restore.database_names import (
    find_half_made,
    find_replaced,
    find_template_copies,
)
from plugins.backup.scratch.scratch_database import held_scratch
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.backups import execute
from tests.support.swaps import drop_family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugins.backup.postgres.maintenance_session import Server

pytestmark = pytest.mark.external

_PLANT = """
CREATE FUNCTION public.planted(name, name) RETURNS text LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'ran as %', current_user; END$$;
CREATE OPERATOR public.|| (LEFTARG = name, RIGHTARG = name, FUNCTION = public.planted)
"""


@pytest.fixture
def stranger(database_url: str) -> Iterator[tuple[Server, str, str]]:
    """Return the server, the live database, and a role that may create databases."""
    live, role = DatabaseUrl(database_url).name, f"stranger_{uuid.uuid4().hex[:8]}"
    with connected(DatabaseUrl(database_url)) as server:
        server.execute("CREATE ROLE {}", role)
        yield server, live, role
        drop_family(database_url, live)
        server.execute("DROP ROLE {}", role)


def test_operator_that_somebody_planted_is_not_run(database_url: str) -> None:
    """Where all may create in `public`, it would run with the rights of a superuser."""
    execute(database_url, "CREATE TABLE note (id integer)")
    execute(database_url, _PLANT)

    tables = asked(DatabaseUrl(database_url), list_tables, Deadline(10))

    assert [table.name for table in tables] == ["public.note"]


def test_second_verification_does_not_drop_the_database_of_the_first(database_url: str) -> None:
    url = DatabaseUrl(database_url)
    name = f"{url.name}_verify_20261122T143000Z_7e01e1"
    with held_scratch(url, url.name, name):
        execute(database_url, f'CREATE DATABASE "{name}"')

        with pytest.raises(Veto, match="another process"), held_scratch(url, url.name, name):
            pass

        with connected(url) as server:
            oid = server.oid(name)
    # It has no mark of ours, so that nothing but this test drops it.
    execute(database_url, f'DROP DATABASE IF EXISTS "{name}"')
    assert oid


def test_server_is_asked_with_its_own_functions(database_url: str) -> None:
    with connected(DatabaseUrl(database_url)) as server:
        [(path,)] = server.fetch("SHOW search_path")

    assert path == "pg_catalog"


def test_database_of_a_stranger_never_becomes_the_live_one(
    stranger: tuple[Server, str, str],
) -> None:
    """`restore --undo` takes the newest kept one, `restore` a template copy, by their names."""
    server, live, role = stranger
    theirs = [f"{live}_{word}" for word in ("before_29991231T000000Z", "restore_abc123")]
    copy = f"{live}_snapshot_29991231T000000Z"
    for name in (*theirs, copy):
        server.execute("CREATE DATABASE {} OWNER {}", name, role)
    no_time = f"{live}_before_20261139T000000Z"
    server.execute("CREATE DATABASE {}", no_time)

    found = [
        find_replaced(server, live),
        find_half_made(server, live),
        find_template_copies(server, live),
    ]
    marks.put(server, copy)
    with_mark = find_template_copies(server, live)
    server.execute("ALTER DATABASE {} OWNER TO CURRENT_USER", copy)

    assert found == [[], [], []]
    assert with_mark == [], "its owner can write the mark as well"
    assert find_template_copies(server, live) == [copy]
