"""Statements of plugins on the run's database, each on a connection of its own."""

from __future__ import annotations

import contextlib
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError

from sst.db.advice import advice_for
from sst.db.engine import create_direct_engine
from sst.db.server_errors import server_message, sqlstate_of
from sst.hooks.contract.run import StatementFailedError
from sst.migrator.session.connections import connected
from sst.migrator.session.heartbeat import shut
from sst.migrator.table_locks.schedule import milliseconds
from sst.redaction.plugin_output import speaker
from sst.redaction.statements import without_literals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

_CORRECT_IT = "correct the statement, or a value that it is given"
_NO_VALUE = "bind parameter"
_GIVE_IT = "give every `:name` in it a value by its name; a colon that is none is written \\:"
_ADVICE = {
    "25001": "run it on a connection of run.engine() with the isolation level AUTOCOMMIT",
    "25006": "run.fetch only reads: write with run.execute",
    "55P03": "another session holds the lock for longer than migrate.lock_timeout: run it at a "
    "quieter time, or in the revision's own transaction",
    "57014": "somebody cancelled it, or migrate.statement_timeout did",
}
# What is not the statement's fault; PostgreSQL manual, appendix A.
_OF_THE_SERVER = ("08", "28", "42501", "53", "57P", "58", "XX")


class OwnStatements:
    """`fetch`, `execute` and `engine` of a run; any thread may call them.

    A connection has the timeouts of the migration, and a signal cancels what it waits for.
    """

    def __init__(
        self, context: Context, run_id: str, interrupts: Interrupts | None = None
    ) -> None:
        self._context = context
        self._run_id = run_id
        self._interrupts = interrupts
        self._open: dict[int, tuple[Any, str]] = {}

    def fetch(self, sql: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql*, which may only read; see `Run.fetch`."""
        with self._connected(sql) as connection:
            connection.execution_options(postgresql_readonly=True)
            result = connection.execute(text(sql), parameters)
            return [tuple(row) for row in result] if result.returns_rows else []

    def execute(self, sql: str, /, **parameters: Any) -> int:
        """Execute *sql*, commit, and return the number of its rows; see `Run.execute`."""
        with self._connected(sql) as connection:
            result = connection.execute(text(sql), parameters)
            count = int(result.rowcount)
            connection.commit()
        return max(count, 0)

    def engine(self) -> Engine:
        """Return the engine of this run; see `Run.engine`."""
        return self._engine

    def close(self) -> None:
        """End the connections that plugins have left open: the run's lock is given back next."""
        for driver_connection, plugin in list(self._open.values()):
            log.warning("plugin %s: left a connection of run.engine() open", plugin or "?")
            shut(driver_connection)
        self._open.clear()

    @cached_property
    def _engine(self) -> Engine:
        engine = create_direct_engine(
            self._context.url,
            application_name=f"sst-plugin {self._run_id}",
            connect_timeout=self._context.connect_timeout_seconds,
        )
        event.listen(engine, "connect", self._prepare)
        event.listen(engine, "close", self._forget)
        return engine

    def _prepare(self, driver_connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
        """Set the timeouts; as statements, for a pooler knows no `options` of a connection."""
        pid = driver_connection.info.backend_pid
        if self._interrupts:
            self._interrupts.watch(pid)
        self._open[pid] = driver_connection, speaker()
        settings = self._context.settings
        with driver_connection.cursor() as cursor:
            cursor.execute(f"set lock_timeout = {milliseconds(settings.lock_timeout)}")
            cursor.execute(f"set statement_timeout = {milliseconds(settings.statement_timeout)}")
            driver_connection.commit()
            # So that a killed process's statement ends. Not every operating system can do that.
            with contextlib.suppress(driver_connection.DatabaseError):
                cursor.execute("set client_connection_check_interval = 500")
        driver_connection.commit()

    def _forget(self, driver_connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
        pid = next((pid for pid, each in self._open.items() if each[0] is driver_connection), 0)
        if self._interrupts:
            self._interrupts.forget(pid)
        self._open.pop(pid, None)

    @contextlib.contextmanager
    def _connected(self, sql: str) -> Iterator[Connection]:
        with connected(self._engine, self._context.url) as connection:
            try:
                yield connection
            except SQLAlchemyError as error:
                raise self._failed(sql, error) from error

    def _failed(self, sql: str, error: SQLAlchemyError) -> StatementFailedError:
        """Return *error* in one line, for that is what is told of a plugin's exception."""
        state = sqlstate_of(error)
        role = self._context.url.role
        advice = _ADVICE.get(state or "", _GIVE_IT if _NO_VALUE in str(error) else _CORRECT_IT)
        if state and state.startswith(_OF_THE_SERVER):
            advice = advice_for(error, role) or advice
        what = f"The statement `{without_literals(sql)}` failed: {server_message(error)}"
        failed = StatementFailedError(what=self._context.redact(what), next_step=advice)
        failed.sqlstate = state
        return failed
