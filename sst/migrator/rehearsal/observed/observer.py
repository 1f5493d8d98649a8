"""The statements of the revisions of a rehearsal, each with what it did.

What runs in a transaction is looked at in that transaction, when the statement is over. In an
autocommit block each statement gets a transaction of its own for it, where it can have one.
"""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import event

from sst.bridge import line_of_caller
from sst.hooks.contract.plan.lock_modes import NOTHING
from sst.hooks.contract.plan.statement import Statement
from sst.migrator.rehearsal.beyond import refuse_at_once, refuse_shared
from sst.migrator.rehearsal.observed.catalogue import Holdings, scan_counts, touched
from sst.migrator.rehearsal.observed.concurrent import HeldUp, can_be_held_up, fits_no_block
from sst.migrator.rehearsal.observed.known import Known
from sst.migrator.rehearsal.observed.words import (
    as_written,
    has_no_action,
    leads_to_savepoint,
    only_reads,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection, ExceptionContext
    from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext

    from sst.bridge import Footprint
    from sst.hooks.contract.revisions import Revision
    from sst.migrator.rehearsal.observed.concurrent import Connect

# At DEBUG1, in English; the only signs that a scan was not needed.
_BECAUSE = re.compile(r"sufficient to prove|implied by existing constraints")
_BUILT = re.compile(r'^building index ".*" on table "(?P<table>.*)" ')
DID_NOT_WAIT = "it did not wait to be looked at"
"""Of CONCURRENTLY, which stops nobody; mostly there was nothing to do, as with IF NOT EXISTS."""
_IN_NO_BLOCK = "it cannot run in a transaction block"
_UNHEARD = "(sent over the driver's own connection)"


@dataclass
class _Sent:
    """A statement that is under way."""

    line: int
    stack: ExitStack
    has_block: bool = False
    """Whether a transaction was begun for it alone."""
    held_up: HeldUp | None = None
    is_unseen: bool = False
    messages: list[str] = field(default_factory=list)


class StatementObserver:
    """Sees what revisions send over the connection that runs them, and what that does.

    *connect* opens another one to the same database.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self.look_again()
        self._transactions: dict[str, int] = {}
        self._before = Holdings()
        self._is_rolled_back = False
        self.statements: list[Statement] = []
        """Those of the present revision."""

    def look_again(self) -> None:
        """Let the relations that are there now be those that were there before the plan."""
        with self._connect() as connection:
            self._known = Known(connection)

    def begin(self, revision: Revision, shown: str, footprint: Footprint) -> None:
        """Let the statements that follow be those of *revision*, whose file is *shown* so."""
        self._revision, self._shown, self._footprint = revision, shown, footprint
        self._file = str(revision.path)
        self.statements = []
        self._is_before_known = False
        self._scans: dict[int, int] = {}
        self._sent: dict[int, _Sent] = {}
        self._messages: list[str] = []
        self._is_at_work = False

    @contextmanager
    def around(self, connection: Connection) -> Iterator[None]:
        """Look at each statement over *connection* while the body runs."""
        hooks: tuple[tuple[object, str, Callable[..., None]], ...] = (
            (connection, "before_cursor_execute", self._begins),
            (connection, "after_cursor_execute", self._ends),
            (connection, "after_cursor_execute", self._goes_back),
            (connection, "commit", self._commits),
            (connection, "rollback", self._rolls_back),
            (connection.engine, "handle_error", self._fails),
        )
        for target, name, function in hooks:
            event.listen(target, name, function)
        try:
            yield
        finally:
            for target, name, function in hooks:
                event.remove(target, name, function)

    def hear(self, _severity: str, text: str) -> None:
        """Keep what the server says of the statement that is under way."""
        self._messages.append(text)

    def _begins(
        self, connection: Connection, cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        if self._is_at_work or self._footprint.is_muted or has_no_action(statement):
            return
        line = line_of_caller(self._file)
        is_alone = connection._is_autocommit_isolation()  # noqa: SLF001 - it has no public name
        refuse_at_once(statement, line, is_unseen=is_alone and fits_no_block(statement))
        if line is None:
            return
        sent = self._sent[id(cursor)] = _Sent(line, ExitStack())
        with self._own_statements():
            if self._is_rolled_back:
                self._known.forget_changes(connection)
                self._is_rolled_back = False
            if is_alone:
                self._prepare_alone(connection, statement, sent)
            elif not self._is_before_known:
                self._look_before(connection)
        self._messages.clear()

    def _prepare_alone(self, connection: Connection, statement: str, sent: _Sent) -> None:
        """Prepare the look at a statement of an autocommit block."""
        if not fits_no_block(statement):
            connection.exec_driver_sql("begin")
            sent.has_block = True
            self._look_before(connection)
        elif can_be_held_up(statement):
            pid = connection.exec_driver_sql("select pg_backend_pid()").scalar_one()
            sent.held_up = HeldUp(self._connect, pid)
            sent.stack.enter_context(sent.held_up.looking(statement, self._known.relations))
        else:
            sent.is_unseen = True

    def _ends(
        self,
        connection: Connection,
        cursor: DBAPICursor,
        statement: str,
        _parameters: object,
        context: ExecutionContext,
        _many: bool,  # noqa: FBT001 - SQLAlchemy's own
    ) -> None:
        sent = None if self._is_at_work else self._sent.pop(id(cursor), None)
        if sent is None:
            return
        sent.messages, self._messages = self._messages, []
        with self._own_statements():
            sent.stack.close()
            refuse_shared(connection, sent.line)
            found = self._found(connection, sent, as_written(connection, statement, context))
            if sent.has_block:
                connection.exec_driver_sql("commit")
            if sent.has_block or sent.held_up or sent.is_unseen:
                self._is_before_known = False
        if found.locks or found.rewrites or found.scans or not only_reads(statement):
            self.statements.append(found)

    def _commits(self, connection: Connection) -> None:
        """Let nothing through that a cursor of the driver's own has sent."""
        if not self._is_at_work:
            with self._own_statements():
                refuse_shared(connection, None)
                self._keep_unheard(connection)
            self._is_before_known = False

    def _rolls_back(self, *_: object) -> None:
        if not self._is_at_work:
            self._is_before_known, self._is_rolled_back = False, True

    def _goes_back(
        self, connection: Connection, _cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        """Forget what was behind a savepoint; what was locked before it is held on."""
        if not self._is_at_work and leads_to_savepoint(statement):
            with self._own_statements():
                self._before = self._before.left_in(touched(connection))
                self._known.forget_changes(connection)

    def _keep_unheard(self, connection: Connection) -> None:
        """Keep the locks that stop others and that no statement of Alembic's has taken."""
        now = touched(connection)
        taken = self._known.locks(self._before.left_in(now).modes, now.modes)
        locks = tuple(each for each in taken if not each.is_held and each.blocks != NOTHING)
        if locks:
            number = self._number(now.transaction)
            found = self._statement(connection, 0, _UNHEARD, number, is_alone=False)
            # Alembic has written its version meanwhile, and has read that table.
            names = {each.relation for each in locks}
            self.statements.append(
                replace(
                    found,
                    locks=locks,
                    rewrites=self._known.rewritten(now.relations),
                    scans=tuple(each for each in self._scanned(now) if each in names),
                    changes=self._known.changes(connection, now.modes, is_open=True),
                )
            )

    def _fails(self, context: ExceptionContext) -> None:
        """End what was begun for the statement that has failed."""
        if self._is_at_work or not self._sent:
            return
        _, sent = self._sent.popitem()
        with self._own_statements():
            sent.stack.close()
            if sent.has_block and context.connection:
                context.connection.exec_driver_sql("rollback")
                self._is_before_known = False

    @contextmanager
    def _own_statements(self) -> Iterator[None]:
        self._is_at_work = True
        try:
            with self._footprint.muted():
                yield
        finally:
            self._is_at_work = False

    def _look_before(self, connection: Connection) -> None:
        self._before, self._is_before_known = touched(connection), True
        self._scans = scan_counts(connection)

    def _found(self, connection: Connection, sent: _Sent, sql: str) -> Statement:
        if sent.held_up or sent.is_unseen:
            return self._found_alone(connection, sent, sql)
        now = touched(connection)
        before, self._before = self._before.left_in(now), now
        number = self._number(now.transaction)
        return replace(
            self._statement(connection, sent.line, sql, number, is_alone=sent.has_block),
            because=next((text for text in sent.messages if _BECAUSE.search(text)), None),
            locks=self._known.locks(before.modes, now.modes),
            rewrites=self._known.rewritten(now.relations),
            scans=self._scanned(now),
            writes=self._known.written(before.modes, now.modes),
            changes=self._known.changes(connection, now.modes, is_open=True),
        )

    def _found_alone(self, connection: Connection, sent: _Sent, sql: str) -> Statement:
        """Return what a statement did that ran in no transaction block."""
        modes = sent.held_up.modes if sent.held_up else {}
        built = {match["table"] for text in sent.messages if (match := _BUILT.match(text))}
        why = DID_NOT_WAIT if sent.held_up else _IN_NO_BLOCK
        return replace(
            self._statement(connection, sent.line, sql, self._number(""), is_alone=True),
            locks=self._known.locks({}, modes),
            scans=self._known.named(built, modes or self._known.relations),
            changes=self._known.changes(connection, modes or None, is_open=False),
            unseen=None if modes else why,
        )

    def _statement(
        self, connection: Connection, line: int, sql: str, transaction: int, *, is_alone: bool
    ) -> Statement:
        version = connection.dialect.server_version_info
        return Statement(
            self._shown,
            line,
            sql,
            revision=self._revision.id,
            server_major=int(version[0]) if version else 0,
            transaction=transaction,
            is_alone=is_alone,
        )

    def _number(self, transaction: str) -> int:
        """Return the number of *transaction* in the plan; without a name it is one of its own."""
        key = transaction or f"alone {len(self._transactions)}"
        return self._transactions.setdefault(key, len(self._transactions) + 1)

    def _scanned(self, now: Holdings) -> tuple[str, ...]:
        """Return the tables that were read to their end since the last look; remember it."""
        scans = {number: each.scans for number, each in now.relations.items()}
        found = [each for each, count in scans.items() if count > self._scans.get(each, 0)]
        self._scans |= scans
        return self._known.names(found, tables_only=True)
