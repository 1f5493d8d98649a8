"""A session is ended only while it is the one that was seen, still idle, and on the list."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from sst.db.url import DatabaseUrl
from sst.migrator.table_locks.blockers import IDLE_IN_TRANSACTION, Blocker, terminate
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection as Session  # noqa: N812 - a class
    from sqlalchemy.engine import Connection

pytestmark = pytest.mark.external


@pytest.fixture
def looking(database_url: str) -> Iterator[Connection]:
    """Return a connection that may end sessions."""
    engine = create_engine(
        DatabaseUrl(database_url).for_psycopg2(),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as found:
        yield found


@pytest.fixture
def idle(database_url: str) -> Iterator[Session]:
    """Return the session of a report that idles in a transaction."""
    with closing(connect(database_url)) as found, found.cursor() as cursor:
        cursor.execute("set application_name = 'report'")
        cursor.execute("begin")
        cursor.execute("select 1")
        yield found


def seen(looking: Connection, pid: int) -> Blocker:
    """Return the session *pid* as a look at the blockers sees it."""
    question = "select backend_start::text from pg_stat_activity where pid = :pid"
    start = looking.execute(text(question), {"pid": pid}).scalar_one()
    return Blocker(pid, start, "report", "me", 1.0, IDLE_IN_TRANSACTION, "select ?")


def test_allowed_session_that_idles_in_a_transaction_is_ended(
    looking: Connection, idle: Session
) -> None:
    blocker = seen(looking, idle.info.backend_pid)

    assert terminate(looking, [blocker], ["report"]) == (replace(blocker, terminated=True),)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"backend_start": "2026-01-01 00:00:00+00"}, ["report"]),
        ({"state": "active"}, ["report"]),
        ({}, ["reporting"]),
        ({}, []),
    ],
    ids=["number of another session", "seen at work", "not on the list", "empty list"],
)
def test_any_other_session_is_left_alone(
    looking: Connection, idle: Session, changes: dict[str, Any], allowed: list[str]
) -> None:
    blocker = replace(seen(looking, idle.info.backend_pid), **changes)

    assert terminate(looking, [blocker], allowed) == (blocker,)
    idle.cursor().execute("select 1")


def test_session_that_has_ended_its_transaction_meanwhile_is_left_alone(
    looking: Connection, idle: Session
) -> None:
    blocker = seen(looking, idle.info.backend_pid)
    idle.cursor().execute("commit")

    assert terminate(looking, [blocker], ["report"]) == (blocker,)
    idle.cursor().execute("select 1")
