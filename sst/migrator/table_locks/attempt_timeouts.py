"""The timeouts of one attempt: set again before each, for a rollback takes back what was set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from sst.migrator.table_locks.schedule import milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from sst.migrator.table_locks.schedule import Schedule


def timeouts_of(schedule: Schedule, attempt: int, statement_seconds: float) -> dict[str, str]:
    """Return the settings of the session for the *attempt*, from 1 on, in milliseconds."""
    return {
        "lock_timeout": milliseconds(schedule.timeout_seconds(attempt)),
        "statement_timeout": milliseconds(statement_seconds),
    }


def set_timeouts(connection: Connection, timeouts: Mapping[str, str]) -> None:
    """Set *timeouts* for the session of *connection*, and commit."""
    for name, value in timeouts.items():
        connection.execute(text(f"set {name} = {value}"))
    connection.commit()
