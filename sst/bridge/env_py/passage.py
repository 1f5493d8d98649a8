"""The way through a chain of revisions: as many as env.py lets us in one run of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sst.bridge.env_py.database_identity import (
    apply_settings,
    backend_pid,
    identity_of,
    notice_a_dead_client,
)
from sst.bridge.env_py.facts import require_heads, require_same_database
from sst.bridge.statements.committed import Footprint
from sst.bridge.statements.listeners import Listeners
from sst.bridge.statements.notices import WARNING, heard_notices
from sst.bridge.statements.own_transaction import Participants, RevisionTransaction
from sst.bridge.statements.session_timeouts import kept_timeouts
from sst.bridge.statements.traced import traced_statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from alembic.runtime.migration import MigrationContext, RevisionStep
    from sqlalchemy.engine import Connection

    from sst.bridge.env_py.runner import EnvironmentRunner
    from sst.bridge.history.history import History
    from sst.bridge.statements.own_transaction import Inside
    from sst.bridge.values.steps import Step
    from sst.db.url import DatabaseUrl


Following = Callable[[], "Attempt | None"]


@dataclass(frozen=True)
class Attempt:
    """One revision to run, and what its session is to be like."""

    step: Step
    session_settings: Mapping[str, str] = field(default_factory=dict)
    """Such as `{"lock_timeout": "2000"}` in ms."""
    footprint: Footprint = field(default_factory=Footprint)
    """Notes what the revision commits."""


@dataclass(frozen=True)
class RevisionObserver:
    """The observer of what happens within env.py."""

    backend: Callable[[int], None] = lambda _: None
    """Gets the server process of a connection that env.py opened itself."""
    message: Callable[[str, str], None] = lambda _severity, _text: None
    """Gets what the server has to say of the revision, or we, as a `WARNING`."""
    inside: Inside | None = None
    """Gets each revision's transaction before its first statement, at each attempt anew."""
    around: Callable[[Connection], AbstractContextManager[None]] = lambda _: nullcontext()
    """Gets the connection of each revision, and is entered until the revision is committed."""
    leaving: Callable[[], None] = lambda: None
    """Is called before a revision leaves its transaction for an autocommit block."""


class Passage:
    """Runs revisions through env.py; what Alembic keeps between the revisions of one call is kept.

    That is its memo of types already made: a type that two revisions name is made by the first.
    """

    def __init__(
        self,
        runner: EnvironmentRunner,
        history: History,
        connection: Connection,
        url: DatabaseUrl,
        observer: RevisionObserver,
    ) -> None:
        self._runner = runner
        self._history = history
        self._connection = connection
        self._url = url
        self._observer = observer
        self._memo: dict[Any, Any] = {}
        self._in_force: Mapping[str, str] | None = None
        """The settings of the session that the next revision finds; None where that is unsure."""

    def run(self, first: Attempt, following: Following) -> None:
        """Run *first*, and then what *following* returns, as long as env.py can go on.

        *following* is called when a revision is committed, with the process's own logging.
        Where env.py cannot go on this returns, and the heads show whether env.py has committed.
        `session_settings` are in force when a revision begins, whichever connection it runs on.
        `lock_timeout` does not count for CREATE INDEX CONCURRENTLY.

        What a revision or *following* raises is raised unchanged, `EndedTransactionError` for a
        revision that ended its transaction. `HeadsUnchangedError`, with nothing applied, when
        env.py leads to another database or version table, or never asks for the revision.
        """
        self._ours = identity_of(self._connection)
        self._next: Attempt | None = first
        self._following = following
        self._error: BaseException | None = None
        self._transaction: RevisionTransaction | None = None
        self._in_force = None
        self._set(self._connection, first.session_settings)
        # Not `with` in the generator: after an error that lives as long as the traceback.
        with self._errors_first(), ExitStack() as self._opened, ExitStack() as self._entered:
            self._runner.run(
                self._steps,
                url=self._url,
                connection=self._connection,
                keep=True,
                destination_rev=first.step.revision.id,
            )

    @contextmanager
    def _errors_first(self) -> Iterator[None]:
        """Raise our own error, whatever Alembic or env.py make of it."""
        try:
            yield
        finally:
            ended = self._transaction.error if self._transaction else None
            if error := self._error or ended:
                raise error

    def _steps(self, heads: Sequence[str], context: MigrationContext) -> Iterator[RevisionStep]:
        """Give Alembic one revision after the other."""
        used = self._used(context)
        context.impl.memo.update(_copied(self._memo))
        if self._next:
            require_heads(heads, self._next.step)
        listeners = self._opened.enter_context(Listeners().on(used))
        while self._next:
            step = self._begin(self._next, context, used, listeners)
            self._next = None
            yield step
            self._entered.close()
            if self._transaction and not self._transaction.has_kept_timeouts:
                self._in_force = None
            self._memo = _copied(context.impl.memo)
            if _can_go_on(used):
                self._ask()

    def _used(self, context: MigrationContext) -> Connection:
        if context.connection is self._connection:
            return self._connection
        used = require_same_database(context, self._ours)
        self._observer.backend(backend_pid(used))
        notice_a_dead_client(used)
        self._in_force = None
        return used

    def _set(self, connection: Connection, settings: Mapping[str, str]) -> None:
        """Set *settings* where they are not in force; a rollback takes them back within one."""
        if self._in_force == settings:
            return
        is_between = not connection.in_transaction()
        apply_settings(connection, settings)
        if is_between:
            connection.commit()
        self._in_force = settings

    def _begin(
        self, one: Attempt, context: MigrationContext, used: Connection, listeners: Listeners
    ) -> RevisionStep:
        self._set(used, one.session_settings)
        revision = one.step.revision
        inside = self._enter if self._observer.inside else None
        transaction = RevisionTransaction(
            context,
            one.footprint,
            revision.path,
            listeners,
            Participants(self._warn, self._leave, inside),
        )
        self._transaction = transaction
        for entered in (
            kept_timeouts(listeners, one.session_settings, transaction, one.footprint, self._warn),
            heard_notices(used, listeners, self._hear),
            one.footprint.watching(listeners),
            traced_statements(used, listeners, one.footprint, self._url),
            # Last: it hears of a statement when its notices have been heard.
            self._observer.around(used),
        ):
            self._entered.enter_context(entered)
        step = self._history.step(revision.id, is_upgrade=one.step.is_upgrade)
        return transaction.around(step)

    def _hear(self, severity: str, text: str) -> None:
        with self._runner.outside():
            self._observer.message(severity, text)

    def _warn(self, text: str) -> None:
        self._hear(WARNING, text)

    def _enter(self, connection: Connection, still_open: Callable[[], None]) -> None:
        assert self._observer.inside  # noqa: S101 - only then is this called
        try:
            with self._runner.outside():
                self._observer.inside(connection, still_open)
        except BaseException as error:
            self._error = error
            raise

    def _leave(self) -> None:
        try:
            self._observer.leaving()
        except BaseException as error:
            self._error = error
            raise

    def _ask(self) -> None:
        try:
            with self._runner.outside():
                self._next = self._following()
        except BaseException as error:
            self._error = error
            raise


def _can_go_on(connection: Connection) -> bool:
    """Say whether the revision is committed, and other work may be done before the next one.

    In env.py's own transaction it is not; and an asynchronous env.py holds the thread's event
    loop, in which a hook could not run one of its own.
    """
    return not connection.in_transaction() and not connection.dialect.is_async


def _copied(memo: Mapping[Any, Any]) -> dict[Any, Any]:
    return {name: copy.copy(value) for name, value in memo.items()}
