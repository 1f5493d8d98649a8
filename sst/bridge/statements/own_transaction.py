"""Proof that a revision ran in the one transaction that was begun for it.

The server itself gives it. Two marks are set when the transaction begins: its end takes the first
away, whatever ended it, and only a COMMIT keeps the second.
Source: PostgreSQL manual, SET: "The effects of SET LOCAL last only till the end of the current
transaction", and those of SET disappear when it is rolled back.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import text

from sst.bridge.statements.committed import ends_transaction
from sst.bridge.statements.session_role import SessionRole
from sst.db.engine import one_row
from sst.redaction.statements import without_literals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from alembic.runtime.migration import MigrationContext, RevisionStep
    from sqlalchemy.engine import Connection
    from sqlalchemy.engine.interfaces import DBAPICursor

    from sst.bridge.statements.committed import Footprint
    from sst.bridge.statements.listeners import Listeners

    Inside = Callable[[Connection, Callable[[], None]], None]
    """Gets the connection of a revision's transaction, and what raises when that is over."""

_HERE = "sst.revision"
_KEPT = "sst.committed"
# One statement for all of it: each is a way to the server and back.
_SESSION = """current_setting('search_path'),
    current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"""
_MARK = f"select set_config('{_HERE}', '{{0}}', true), set_config('{_KEPT}', '{{0}}', false)"
_MARKS = f"select current_setting('{_HERE}', true), current_setting('{_KEPT}', true)"
_FOUND = text("select to_regclass(quote_ident(:table)) is not null")
_PUT_BACK = text("select set_config('search_path', :path, false)")
_SHOWN = 3
_UNSEEN = "what it sent over that connection itself was not seen, and may be committed"


class _Marks(NamedTuple):
    """The marks of a transaction, and what a revision may change of the session."""

    here: str | None
    kept: str | None
    search_path: str | None
    timeouts: str | None


class EndedTransactionError(Exception):
    """A revision ended the transaction that was begun for it."""

    kept = "nothing of the revision is committed"
    """The rest of the revision where no statement of it is known to be committed."""
    line: int | None = None
    """The line of the revision's file that ended it; None when that was not seen."""


@dataclass(frozen=True, slots=True)
class Participants:
    """Those who take part in the transaction of a revision."""

    warn: Callable[[str], None]
    """Gets what we have to say of it."""
    leaving: Callable[[], None]
    """Is called before it is left for an autocommit block."""
    inside: Inside | None = None
    """Writes in it before the revision does."""


class RevisionTransaction:
    """The transaction of one revision, from the moment when Alembic begins it."""

    def __init__(
        self,
        context: MigrationContext,
        footprint: Footprint,
        file: Path | None,
        listeners: Listeners,
        participants: Participants,
    ) -> None:
        self._inside = participants.inside
        self._leaving = participants.leaving
        self._warn = participants.warn
        self._listeners = listeners
        self._role: SessionRole | None = None
        self._context = context
        self._connection: Connection = context.connection  # type: ignore[assignment]
        self._footprint = footprint
        self._file = str(file)
        self._token = ""
        self._is_guarded = False
        self._how: str | None = None
        self._line: int | None = None
        self.error: EndedTransactionError | None = None
        """Why the revision is not applied, once that is known."""
        self.has_kept_timeouts = False
        """Whether the timeouts of the session are at its end those of its beginning."""

    def around(self, step: RevisionStep) -> RevisionStep:
        """Return *step* with its function run between the two looks at the transaction.

        It raises `EndedTransactionError` when the second look finds another one.
        """
        run = step.migration_fn

        def guarded(**arguments: Any) -> None:
            with self._watching(), self._own_autocommit_block():
                before = self._mark()
                try:
                    self._enter()
                    run(**arguments)
                    after = self._look()
                    if self._role:
                        self._role.put_back()
                    self._find_version_table(before.search_path, after.search_path)
                except BaseException as error:
                    self._is_guarded = False
                    if not isinstance(error, EndedTransactionError):
                        self._settle()
                    if self._role:
                        self._role.put_back_after_failure()
                    raise
                self._is_guarded = False
                self.has_kept_timeouts = before.timeouts == after.timeouts

        step.migration_fn = guarded
        return step

    def _enter(self) -> None:
        """Let others write before the revision does; nothing of it counts as the revision's."""
        if self._inside:
            self._role = SessionRole(self._connection, self._footprint)
            with self._footprint.muted():
                self._inside(self._connection, self._refuse_ended)

    def check(self) -> None:
        """Raise `EndedTransactionError` when the transaction is over already."""
        if self._is_guarded:
            self._look()

    def _refuse_ended(self) -> None:
        self._look()

    def mark_again(self) -> None:
        """Set the marks anew: a `RESET ALL` of the revision took them away."""
        if self._is_guarded:
            self._mark()

    def _mark(self) -> _Marks:
        self._token = secrets.token_hex(8)
        marks = self._asked(_MARK.format(self._token))
        self._is_guarded = True
        return marks

    def _look(self) -> _Marks:
        """Raise `EndedTransactionError` when this is not the transaction that was marked."""
        marks = self._marks()
        if marks.here == self._token:
            return marks
        self._is_guarded = False
        with suppress(Exception):
            self._connection.rollback()
        self._footprint.resolve(was_committed=marks.kept == self._token)
        self.error = EndedTransactionError(self._told())
        self.error.line = self._line
        if self._how is None:
            self.error.kept = _UNSEEN
        raise self.error

    def _leave(self) -> None:
        """Look before an autocommit block, which commits what is open.

        A commit right before it has done no more: Alembic goes on from a transaction of its own.
        """
        connection = self._connection
        is_between = not _is_given_away(connection) and not connection.in_transaction()
        marks = self._marks()
        if is_between and marks.kept == self._token != marks.here:
            connection.rollback()
            self._how = None
            self._context._transaction = connection.begin()  # noqa: SLF001 - as Alembic had it
        else:
            self._look()

    def _settle(self) -> None:
        """Let the footprint know, of a revision that failed, what its transaction's end kept."""
        connection = self._connection
        if connection.closed or connection.invalidated:
            return
        # The first error is the one to report.
        with suppress(Exception):
            self._footprint.notice(connection)
            connection.rollback()
            marks = self._marks()
            connection.rollback()
            self._footprint.resolve(was_committed=marks.kept == self._token)

    def _marks(self) -> _Marks:
        if _is_given_away(self._connection):
            return _Marks(None, None, None, None)
        return self._asked(_MARKS)

    def _asked(self, marks: str) -> _Marks:
        # Muted for those who are none of these listeners, such as a rehearsal's.
        with self._listeners.deaf(), self._footprint.muted():
            return _Marks(*one_row(self._connection, f"{marks}, {_SESSION}"))

    def _find_version_table(self, path: str | None, left: str | None) -> None:
        """Put *path* back where the revision left one on which the version table is not found."""
        if self._context.version_table_schema or left == path:
            return
        names = {"table": self._context.version_table, "path": path}
        if self._has_version_table(names):
            return
        with self._footprint.muted():
            self._connection.execute(_PUT_BACK, names)
        self._warn(f"left search_path as {left!r}, without the version table; it is put back")

    def _has_version_table(self, names: dict[str, str | None]) -> bool:
        with self._footprint.muted():
            return bool(self._connection.scalar(_FOUND, names))

    @contextmanager
    def _own_autocommit_block(self) -> Iterator[None]:
        """Let the revision leave its transaction where Alembic itself begins another one."""
        context, original = self._context, self._context.autocommit_block

        @contextmanager
        def block() -> Iterator[None]:
            self._leave()
            self._leaving()
            self._is_guarded = False
            with original():
                yield
            self._mark()

        context.autocommit_block = block  # type: ignore[method-assign]
        try:
            yield
        finally:
            del context.autocommit_block

    def _watching(self) -> AbstractContextManager[None]:
        """Remember what ended the transaction first."""
        return self._listeners.hearing(
            {
                "commit": lambda _: self._ended("commit()"),
                "rollback": lambda _: self._ended("rollback() or close()"),
                "after_cursor_execute": self._executed,
            }
        )

    def _executed(self, _: Connection, __: DBAPICursor, statement: str, *___: object) -> None:
        if ends_transaction(statement):
            self._ended(f"`{without_literals(statement)}`")

    def _ended(self, how: str) -> None:
        if self._is_guarded and self._how is None:
            self._line = line = line_of_caller(self._file)
            self._how = f"{how} at line {line}" if line else how

    def _told(self) -> str:
        how = self._how or "a commit, rollback or close of the driver's own connection"
        lost = [without_literals(each) for each in self._footprint.lost]
        shown = f"; lost: {'; '.join(lost[:_SHOWN])}" if lost else ""
        return f"{how} ended the transaction that Alembic had begun{shown}"


def _is_given_away(connection: Connection) -> bool:
    """Say whether the connection was closed, invalidated or put back into its pool."""
    if connection.closed or connection.invalidated:
        return True
    return connection.connection.dbapi_connection is None


def line_of_caller(file: str) -> int | None:
    """Return the line of *file* that the caller was called from, however far; None for none."""
    frame = sys._getframe(1)  # noqa: SLF001 - the revision is below its own statement
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None
