"""The role of a revision's session, put back where a plugin has changed it.

Alembic's row of the version table, our own statements and the next revision are the migrating
role's. Read and set as text: an env.py may have set a role of its own, so RESET is no way back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from sst.bridge.statements.committed import Footprint

_PUT_BACK = text("""
    select set_config('role', :role, false) where current_setting('role') <> :role
""")


class SessionRole:
    """The role that *connection* has now."""

    def __init__(self, connection: Connection, footprint: Footprint) -> None:
        self._connection = connection
        self._footprint = footprint
        with footprint.muted():
            self._role = connection.exec_driver_sql("show role").scalar_one()

    def put_back(self) -> None:
        """Set the role again, where it is another one, for what follows in this transaction."""
        with self._footprint.muted():
            self._connection.execute(_PUT_BACK, {"role": self._role})

    def put_back_after_failure(self) -> None:
        """Set it when the transaction is over: an autocommit block has kept what SET ROLE did."""
        connection = self._connection
        if connection.closed or connection.invalidated:
            return
        # The first error is the one to report.
        with suppress(Exception):
            connection.rollback()
            self.put_back()
            connection.commit()
