"""Runs the one statement that repairs a damage, on a connection of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.migrator.session.connections import open_connection, prepare_session
from sst.text import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from sst.migrator.repair.damage import Damage
    from sst.migrator.values.context import Context

_COPIES = """
    select format('%%I.%%I', n.nspname, c.relname) from pg_index i
    join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid and c.relname ~ '_ccnew[0-9]*$'
      and i.indrelid = (select indrelid from pg_index where indexrelid = %s::regclass)
"""


def run_statement(
    context: Context, damage: Damage, run_id: str, watch: Callable[[int], None]
) -> str:
    """Run the statement of *damage*; return why it failed, empty when it did not.

    *watch* gets the number of the server process that a signal must cancel.
    """
    with open_connection(context, f"sst-repair {run_id}", autocommit=True) as connection:
        watch(prepare_session(connection))
        try:
            _execute(connection, damage.statement or "", context.settings.lock_timeout)
        except DBAPIError as error:
            _drop_copies(connection, damage)
            return context.redact(first_line(error))
    return ""


def _execute(connection: Connection, statement: str, lock_timeout_seconds: float) -> None:
    # What is done concurrently waits as long as it must, and blocks no session meanwhile.
    timeout = 0 if "CONCURRENTLY" in statement else int(lock_timeout_seconds * 1000)
    connection.exec_driver_sql(f"set lock_timeout = {timeout}")
    # The driver reads a percent sign in a name as a parameter, unless it is given none.
    connection.execution_options(no_parameters=True).exec_driver_sql(statement)


def _drop_copies(connection: Connection, damage: Damage) -> None:
    """Drop the half-built copy that a failed REINDEX CONCURRENTLY leaves beside the index."""
    if not (damage.statement or "").startswith("REINDEX"):
        return
    with contextlib.suppress(DBAPIError):
        for (name,) in connection.exec_driver_sql(_COPIES, (damage.subject,)).all():
            _execute(connection, f"DROP INDEX CONCURRENTLY {name}", 0)
