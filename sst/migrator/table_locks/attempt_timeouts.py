"""The timeouts of one attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.migrator.table_locks.schedule import milliseconds

if TYPE_CHECKING:
    from sst.migrator.table_locks.schedule import Schedule


def timeouts_of(schedule: Schedule, attempt: int, statement_seconds: float) -> dict[str, str]:
    """Return the settings of the session for the *attempt*, from 1 on, in milliseconds."""
    return {
        "lock_timeout": milliseconds(schedule.timeout_seconds(attempt)),
        "statement_timeout": milliseconds(statement_seconds),
    }
