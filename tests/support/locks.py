"""Sessions and statements that stand in a run's way."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from sst.db.url import DatabaseUrl
from sst.migrator.session.run_lock import RunLock
from tests.support.dumps import VERSION_TABLE
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

    from tests.support.faults import Scene


def hold_run_lock(scene: Scene) -> None:
    """Hold the lock of the scene's project as another run does, until the stack is left."""
    url = DatabaseUrl(scene.project.database_url).for_psycopg2()
    engine = create_engine(url, poolclass=NullPool)
    connection = scene.stack.enter_context(closing(engine.connect()))
    RunLock(connection, VERSION_TABLE, "public").acquire(0, lambda _: None)


def hold(scene: Scene, statement: str) -> Cursor:
    """Run *statement* in a transaction that stays open until the stack is left."""
    connection = scene.stack.enter_context(closing(connect(scene.project.database_url)))
    cursor = connection.cursor()
    cursor.execute("begin")
    cursor.execute(statement)
    return cursor


def run_sql(*statements: str) -> Callable[[Scene], None]:
    """Return what runs *statements* one by one, each committed."""

    def run(scene: Scene) -> None:
        for statement in statements:
            scene.project.query(statement)

    return run


def run_sql_and_back(before: str, after: str) -> Callable[[Scene], None]:
    """Return what runs *before*, and *after* when the stack is left."""

    def run(scene: Scene) -> None:
        scene.project.query(before)
        scene.stack.callback(scene.project.query, after)

    return run
