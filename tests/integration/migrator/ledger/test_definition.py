"""The ledger's tables appear once, also when runs of several projects begin at one moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from sst.db.url import DatabaseUrl
from sst.errors import RefusedError
from sst.migrator.ledger.schema import DEFINITION, bring_up_to_date
from tests.support.backups import fetch
from tests.support.faults import HELD
from tests.support.server import connect

if TYPE_CHECKING:
    from sqlalchemy import Engine

pytestmark = pytest.mark.external
_AT_ONCE = 8


@pytest.fixture
def engine(database_url: str) -> Engine:
    """Return connections to an empty database, each in autocommit mode."""
    return create_engine(
        DatabaseUrl(database_url).for_psycopg2(),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )


@pytest.mark.parametrize("repetition", range(4))
def test_many_sessions_create_the_ledger_at_one_moment(
    engine: Engine, database_url: str, repetition: int
) -> None:
    del repetition
    begin = threading.Barrier(_AT_ONCE)

    def create() -> None:
        with engine.connect() as connection:
            begin.wait(60)
            bring_up_to_date(connection)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for each in [threads.submit(create) for _ in range(_AT_ONCE)]:
            each.result()

    assert fetch(database_url, "select obj_description('migrator'::regnamespace)") == [
        (f"ledger version {len(DEFINITION)}",)
    ]


def test_owner_of_the_schema_needs_no_right_to_create_one(
    engine: Engine, database_url: str
) -> None:
    """A database's administrator makes the schema, and gives it to the role that migrates."""
    role = "keeper_" + DatabaseUrl(database_url).name
    with engine.connect() as connection:
        connection.exec_driver_sql(f'create role "{role}"')
        try:
            connection.exec_driver_sql(f'create schema migrator authorization "{role}"')
            connection.exec_driver_sql(f'set role "{role}"')

            bring_up_to_date(connection)

            connection.exec_driver_sql("comment on schema migrator is 'ledger version 1'")
            bring_up_to_date(connection)
        finally:
            connection.exec_driver_sql("reset role")
            connection.exec_driver_sql(f'drop owned by "{role}"')
            connection.exec_driver_sql(f'drop role "{role}"')


def test_a_definition_that_cannot_go_on_leaves_no_lock(engine: Engine, database_url: str) -> None:
    with (
        engine.connect() as connection,
        closing(connect(database_url)) as reader,
        reader.cursor() as cursor,
    ):
        bring_up_to_date(connection)
        cursor.execute("comment on schema migrator is 'ledger version 1'")
        reader.autocommit = False
        cursor.execute("select from migrator.step")

        with pytest.raises(RefusedError):
            bring_up_to_date(connection)

        assert fetch(database_url, HELD) == []
        reader.rollback()
        bring_up_to_date(connection)
