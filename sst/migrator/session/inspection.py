"""A read-only look at the database, for checks and plugins, on a connection of its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import text

from sst.bridge.history.id_length import refuse_steps, too_long
from sst.db.engine import direct_keywords
from sst.migrator.ledger.agreement import behind, find_loss
from sst.migrator.ledger.reader import Records
from sst.migrator.ledger.writer import Ledger
from sst.migrator.session.connections import open_connection, prepare_session
from sst.migrator.session.heartbeat import shut
from sst.migrator.table_locks.schedule import milliseconds
from sst.migrator.values.status import Status, read_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from sst.bridge import Step
    from sst.errors import RevisionIdTooLongError, VersionTableBehindError
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context

LOOKS = "sst-inspect"
"""The name that the server knows such a session by."""
_ACTIVE = 1
"""libpq's PQTRANS_ACTIVE: a statement is under way."""


def look_keywords(context: Context) -> dict[str, Any]:
    """Return the keywords with which psycopg2 connects as a look of *context* does."""
    return direct_keywords(
        context.url, application_name=LOOKS, connect_timeout=context.connect_timeout_seconds
    )


class DatabaseInspection:
    """Answers questions about the database; connects at the first one.

    It waits for a lock as long as that is held, or for *lock_timeout_seconds*; a signal that
    *interrupts* hears cancels what it asks.
    """

    def __init__(
        self,
        context: Context,
        lock_timeout_seconds: float | None = None,
        interrupts: Interrupts | None = None,
    ) -> None:
        self._context = context
        self._interrupts = interrupts
        self._lock_timeout_seconds = lock_timeout_seconds
        self._stack = contextlib.ExitStack()
        self._opened: Connection | None = None
        self._status: Status | None = None

    def __enter__(self) -> Self:
        """Return the inspection itself."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Give the connection back."""
        self.close()

    def close(self) -> None:
        """Give the connection back; the next question opens another, and looks anew."""
        self._stack.close()
        self._opened = self._status = None

    def end(self) -> None:
        """Close it, and break off what a thread that was left behind still asks."""
        # That thread may be closing it, too.
        with contextlib.suppress(Exception):
            driver = self._opened.connection.driver_connection if self._opened else None
            if driver and driver.info.transaction_status == _ACTIVE:
                shut(driver)
        self.close()

    @property
    def current(self) -> tuple[str, ...]:
        """The revisions in the version table."""
        return self.status.current

    @property
    def expected(self) -> tuple[str, ...]:
        """The heads of this code's revision files."""
        return self._context.project.heads

    @property
    def pending(self) -> tuple[str, ...]:
        """The revisions that `upgrade` would run, in order."""
        return tuple(step.revision.id for step in self.status.pending)

    @property
    def state(self) -> str:
        """`up_to_date`, `pending`, `empty`, `ahead`, `diverged` or `interrupted`."""
        return self.status.state

    @property
    def brought_by(self) -> str | None:
        """The run and the code that brought the database ahead; None when it is not on record."""
        unknown = self.status.unknown
        found = self.ledger.who_brought(unknown[0]) if unknown else None
        self.connection.rollback()
        return str(found) if found else None

    @property
    def needed_backups(self) -> frozenset[str]:
        """The ids of the backups of runs that have not ended well, since the last one that did."""
        found = self.records.needed_backups()
        self.connection.rollback()
        return found

    @property
    def status(self) -> Status:
        """Where the database stands against the code; read once."""
        if self._status is None:
            current = self._read_current()
            self._status = read_status(
                self._context.project,
                current,
                self.ledger.dead_runs(),
                lambda pending: self._behind(current) or self._too_long(pending),
            )
            self.connection.rollback()
        return self._status

    @property
    def ledger(self) -> Ledger:
        """The record of runs, to be read."""
        return Ledger(self.connection, self.version_table)

    @property
    def records(self) -> Records:
        """The runs on record, to be read."""
        return Records(self.connection, self.version_table)

    @property
    def schema(self) -> str:
        """The one schema that is looked at; empty for the whole database."""
        return self._context.url.schema

    @property
    def version_table(self) -> str:
        """The version table's name with its schema."""
        return self._context.facts(self.connection).qualified_version_table

    def fetch(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of *sql*; parameters are named `:like_this`."""
        rows = [tuple(row) for row in self.connection.execute(text(sql), parameters)]
        self.connection.rollback()
        return rows

    def refuse_too_long(self, steps: Sequence[Step]) -> None:
        """Raise `RevisionIdTooLongError` when the version table cannot hold an id of *steps*."""
        facts = self._context.facts(self.connection)
        length = self._context.project.id_length(self.connection, facts)
        refuse_steps(steps, length, self.version_table)

    def differences(self) -> tuple[str, ...] | None:
        """Return what differs between models and schema; None without models to compare with."""
        facts = self._context.facts(self.connection)
        self.connection.rollback()
        return self._context.project.differences(self.connection, facts)

    def _read_current(self) -> tuple[str, ...]:
        facts = self._context.facts(self.connection)
        return self._context.project.current(self.connection, facts)

    def _behind(self, current: Sequence[str]) -> VersionTableBehindError | None:
        """Return what is wrong when the version table has lost what is on record."""
        loss = find_loss(self._context.project, self.records, current, self._read_current)
        return behind(loss, self.version_table) if loss else None

    def _too_long(self, pending: Sequence[Step]) -> RevisionIdTooLongError | None:
        """Return what is wrong when the version table cannot hold an id of *pending*."""
        if not pending:
            return None
        facts = self._context.facts(self.connection)
        length = self._context.project.id_length(self.connection, facts)
        return too_long(pending, length, self.version_table)

    @property
    def connection(self) -> Connection:
        """The connection, opened at the first question."""
        if self._opened is None:
            opened = self._stack.enter_context(open_connection(self._context, LOOKS, hstore=True))
            self._prepare(opened)
            self._opened = opened
        return self._opened

    def _prepare(self, connection: Connection) -> None:
        if self._interrupts:
            pid = prepare_session(connection)
            self._interrupts.watch(pid)
            self._stack.callback(self._interrupts.forget, pid)
        if self._lock_timeout_seconds is not None:
            timeout = milliseconds(self._lock_timeout_seconds)
            connection.exec_driver_sql(f"set lock_timeout = {timeout}")
            connection.commit()
