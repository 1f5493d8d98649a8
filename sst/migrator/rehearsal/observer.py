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
from sst.hooks.contract.plan.lock_modes import NOTHING, blocked_by, strongest
from sst.hooks.contract.plan.statement import Lock, Statement
from sst.migrator.rehearsal.beyond import refuse_at_once, refuse_shared
from sst.migrator.rehearsal.catalogue import Touched, relations, scan_counts, touched
from sst.migrator.rehearsal.concurrent import HeldUp, can_be_held_up, fits_no_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.engine import Connection, ExceptionContext
    from sqlalchemy.engine.interfaces import DBAPICursor

    from sst.bridge import Footprint
    from sst.migrator.rehearsal.concurrent import Connect

# One alone: what follows it in the same text is looked at.
_NO_ACTION = re.compile(
    r"\s*(set|reset|show|begin|start\s+transaction|commit|end|savepoint|release|rollback|abort)\b"
    r"[^;]*;?\s*$",
    re.IGNORECASE,
)
_READS = re.compile(r"\s*(select|show|with|explain|values|table)\b", re.IGNORECASE)
# At DEBUG1, in English; the only signs that a scan was not needed.
_BECAUSE = re.compile(r"sufficient to prove|implied by existing constraints")
_BUILT = re.compile(r'^building index ".*" on table "(?P<table>.*)" ')
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

    *connection* is another one to the same database; *connect* opens more of them.
    """

    def __init__(self, connection: Connection, connect: Connect) -> None:
        self._known = relations(connection)
        self._filenodes = {number: each.filenode for number, each in self._known.items()}
        connection.rollback()
        self._connect = connect
        self.statements: list[Statement] = []
        """Those of the present revision."""

    def begin(self, file: Path | None, shown: str, footprint: Footprint) -> None:
        """Let the statements that follow be those of the revision in *file*, *shown* so."""
        self._file, self._shown, self._footprint = str(file), shown, footprint
        self.statements = []
        self._before: dict[int, Touched] | None = None
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
            (connection, "commit", self._commits),
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
        if self._is_at_work or self._footprint.is_muted or _NO_ACTION.match(statement):
            return
        line = line_of_caller(self._file)
        is_alone = connection._is_autocommit_isolation()  # noqa: SLF001 - it has no public name
        refuse_at_once(statement, line, is_unseen=is_alone and fits_no_block(statement))
        if line is None:
            return
        sent = self._sent[id(cursor)] = _Sent(line, ExitStack())
        with self._own_statements():
            if is_alone:
                self._prepare_alone(connection, statement, sent)
            elif self._before is None:
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
            sent.stack.enter_context(sent.held_up.looking(statement, self._known))
        else:
            sent.is_unseen = True

    def _ends(
        self, connection: Connection, cursor: DBAPICursor, statement: str, *_: object
    ) -> None:
        sent = None if self._is_at_work else self._sent.pop(id(cursor), None)
        if sent is None:
            return
        sent.messages, self._messages = self._messages, []
        with self._own_statements():
            sent.stack.close()
            refuse_shared(connection, sent.line)
            found = self._found(connection, sent, " ".join(statement.split()))
            if sent.has_block:
                connection.exec_driver_sql("commit")
            if sent.has_block or sent.held_up or sent.is_unseen:
                self._before = None
        if found.locks or found.rewrites or found.scans or not _READS.match(statement):
            self.statements.append(found)

    def _commits(self, connection: Connection) -> None:
        """Let nothing through that a cursor of the driver's own has sent."""
        if not self._is_at_work:
            with self._own_statements():
                refuse_shared(connection, None)
                self._keep_unheard(connection)

    def _keep_unheard(self, connection: Connection) -> None:
        """Keep the locks that stop others and that no statement of Alembic's has taken."""
        taken = self._locks(_modes(self._before or {}), _modes(touched(connection)))
        locks = tuple(each for each in taken if not each.is_held and each.blocks != NOTHING)
        if locks:
            self.statements.append(Statement(self._shown, 0, _UNHEARD, locks))

    def _fails(self, context: ExceptionContext) -> None:
        """End what was begun for the statement that has failed."""
        if self._is_at_work or not self._sent:
            return
        _, sent = self._sent.popitem()
        with self._own_statements():
            sent.stack.close()
            if sent.has_block and context.connection:
                context.connection.exec_driver_sql("rollback")
                self._before = None

    @contextmanager
    def _own_statements(self) -> Iterator[None]:
        self._is_at_work = True
        try:
            with self._footprint.muted():
                yield
        finally:
            self._is_at_work = False

    def _look_before(self, connection: Connection) -> None:
        self._before = touched(connection)
        self._scans = scan_counts(connection)

    def _found(self, connection: Connection, sent: _Sent, sql: str) -> Statement:
        because = next((text for text in sent.messages if _BECAUSE.search(text)), None)
        found = Statement(self._shown, sent.line, sql, because=because)
        if sent.is_unseen:
            return replace(found, unseen="it cannot run in a transaction block")
        if sent.held_up:
            return replace(
                found,
                locks=self._locks({}, sent.held_up.modes),
                scans=self._built(sent.messages),
                unseen=None if sent.held_up.modes else "it did not wait to be looked at",
            )
        before, now = self._before or {}, touched(connection)
        scans = [number for number, each in now.items() if each.scans > self._counted(number)]
        rewrites = [number for number, each in now.items() if self._is_anew(number, each)]
        self._before = now
        self._scans |= {number: each.scans for number, each in now.items()}
        return replace(
            found,
            locks=self._locks(_modes(before), _modes(now)),
            rewrites=self._names(rewrites),
            scans=self._names(scans, tables=True),
        )

    def _locks(
        self, before: Mapping[int, frozenset[str]], now: Mapping[int, frozenset[str]]
    ) -> tuple[Lock, ...]:
        """Return the strongest lock on each relation that got one, or where one stops others."""
        found = []
        for number, modes in now.items():
            earlier, mode = before.get(number, frozenset()), strongest(modes)
            is_new = bool(modes - earlier)
            if number in self._known and (is_new or blocked_by(mode) != NOTHING):
                known = self._known[number]
                held = mode in earlier
                found.append(Lock(known.name, mode, is_held=held, is_index=known.is_index))
        return tuple(sorted(found, key=lambda lock: lock.relation))

    def _counted(self, number: int) -> int:
        return self._scans.get(number, 0)

    def _is_anew(self, number: int, now: Touched) -> bool:
        """Say whether the file of a relation is another one than before; remember the new one."""
        before = self._filenodes.get(number, 0)
        if not before or not now.filenode or before == now.filenode:
            return False
        self._filenodes[number] = now.filenode
        return True

    def _names(self, numbers: Iterable[int], *, tables: bool = False) -> tuple[str, ...]:
        known = (self._known[number] for number in numbers if number in self._known)
        return tuple(sorted(each.name for each in known if not (tables and each.is_index)))

    def _built(self, messages: Iterable[str]) -> tuple[str, ...]:
        """Return the tables that an index was built on, of which the server names no schema."""
        built = {match["table"] for text in messages if (match := _BUILT.match(text))}
        names = (each.name for each in self._known.values() if each.kind in {"r", "m"})
        return tuple(sorted(name for name in names if name.split(".")[-1].strip('"') in built))


def _modes(relations: Mapping[int, Touched]) -> dict[int, frozenset[str]]:
    return {number: each.modes for number, each in relations.items()}
