"""INVALID indexes: a warning when they are older than the run, dropped when the run left them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sst.bridge import built_name, drop_concurrently, invalid_indexes, leaves_invalid
from sst.errors import SstError
from sst.migrator.session.connections import open_connection
from sst.migrator.table_locks.schedule import milliseconds
from sst.text import first_line

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from sst.bridge import InvalidIndex
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")


def warn_of_old(connection: Connection) -> list[str]:
    """Log the invalid indexes that are there before the run, and return a line for each."""
    found = invalid_indexes(connection)
    connection.commit()
    lines = [
        f"the index {index} is INVALID since before this run: it costs every write and serves no "
        f"query; rebuild it with REINDEX INDEX CONCURRENTLY {index.qualified_name}, or drop it"
        for index in found
    ]
    for line in lines:
        log.warning(line)
    return lines


def drop_left_behind(
    context: Context, interrupts: Interrupts, known: frozenset[int], failed: str | None
) -> tuple[InvalidIndex, ...]:
    """Drop the invalid indexes that the statement *failed* left; return those that stay.

    Those are its own that were not *known* before it and, where it names its index, have the name.
    The drop waits for each lock as long as `migrate.lock_timeout` says.
    """
    if failed is None or not leaves_invalid(failed):
        return ()
    with open_connection(context, "sst-migrate clean-up", autocommit=True) as connection:
        interrupts.watch(connection.execute(text("select pg_backend_pid()")).scalar_one())
        timeout = milliseconds(context.settings.lock_timeout)
        connection.exec_driver_sql(f"set lock_timeout = {timeout}")
        left = _left_behind(connection, known, built_name(failed))
        return tuple(index for index in left if not _drop(connection, index))


def _left_behind(
    connection: Connection, known: frozenset[int], name: str | None
) -> tuple[InvalidIndex, ...]:
    return tuple(
        index
        for index in invalid_indexes(connection)
        if index.oid not in known and name in {None, index.name}
    )


def _drop(connection: Connection, index: InvalidIndex) -> bool:
    try:
        drop_concurrently(connection, index)
    except (SstError, DBAPIError) as error:
        log.warning("the INVALID index %s stays: %s", index, first_line(error))
        return False
    log.warning("dropped the INVALID index %s, which the failed build left", index)
    return True
