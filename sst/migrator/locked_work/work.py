"""A plugin's work under the run's lock, on record like a run: see `LockedWork`."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from sst.errors import LockBusyError, RefusedError, StoppedError
from sst.hooks.contract.events import Event, EventKind
from sst.hooks.contract.run import Veto
from sst.migrator.ledger.actor import user_at_host
from sst.migrator.ledger.failure import RunFailure, cause_of
from sst.migrator.locked_work.copy_record import carry_over, take_back
from sst.migrator.run.progress import new_run_id
from sst.migrator.schema.fingerprint import hand_on, read_fingerprint, remember_schema
from sst.migrator.session.locked_session import locked_command
from sst.migrator.session.signals import Interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.checks import Inspection
    from sst.hooks.contract.run import Backup
    from sst.migrator.schema.fingerprint import Fingerprint
    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context
    from sst.migrator.values.options import RunOptions

log = logging.getLogger("sst.migrate")


@contextlib.contextmanager
def hold_lock(
    context: Context,
    command: str,
    target: str,
    options: RunOptions,
    *,
    on_record: bool,
    must_record: bool = True,
) -> Iterator[Work]:
    """Hold the run's lock for the body; see `CommandContext.locked`."""
    run_id = new_run_id()
    with locked_command(
        context,
        run_id,
        options,
        unknown=f"how far `{command}` has come is not known",
        touched="what was done before stays done",
    ) as session:
        work = Work(context, session, run_id, command)
        writes = on_record and (must_record or session.ledger.may_be_written())
        with work.on_record(target) if writes else contextlib.nullcontext():
            yield work
            work.refuse_lost_lock()


class Work:
    """The `LockedWork` of a plugin, in the session of its own command or of a failed run."""

    def __init__(self, context: Context, session: Session, run_id: str, command: str) -> None:
        self._context = context
        self._session = session
        self._id = run_id
        self._command = command
        self._before = session.heads()
        self._started = time.monotonic()
        self._is_recorded = False
        self._has_fingerprint = False
        self._was_aside = False

    @property
    def id(self) -> str:
        """The run id."""
        return self._id

    @property
    def heads(self) -> tuple[str, ...]:
        """The revisions that the database is at, read now."""
        return self._session.heads()

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self._context.environment

    @property
    def project_root(self) -> Path:
        """The folder that relative paths in settings start from."""
        return self._context.root

    @property
    def database_url(self) -> DatabaseUrl:
        """The database of this work."""
        return self._context.url

    def inspect(self) -> Inspection:
        """Return a read-only look at the database on a connection of its own."""
        return self._session.inspect()

    def alone(self) -> AbstractContextManager[None]:
        """Keep the runs of all other projects out of the database; see `LockedWork.alone`."""
        return self._session.alone()

    def aside(self) -> AbstractContextManager[None]:
        """Close every connection of the core for the body; see `LockedWork.aside`."""
        self._was_aside = True
        return self._session.aside()

    def copy_record(
        self, url: DatabaseUrl, *, heads: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Carry the ledger over into the database of *url*; see `LockedWork.copy_record`."""
        if not self._is_recorded:
            raise RuntimeError("copy_record needs work that is on record")
        found = carry_over(self._context, self._session.record, self._id, url, heads)
        self._has_fingerprint = True
        return found

    def made(self, backup: Backup) -> None:
        """Put on record that this work has made *backup*; see `LockedWork.made`."""
        if self._is_recorded:
            self._session.ledger.record_backup(self._id, backup.to_dict())

    def restored(self, message: str, *, heads: tuple[str, ...], backup: Backup | None) -> None:
        """Put on record, and tell the observers, that the database is at *heads* of *backup*."""
        log.info("%s", message)
        if self._is_recorded:
            if backup:
                self._session.ledger.record_backup(self._id, backup.to_dict())
            if self._context.url.schema:
                take_back(self._context, self._session, self._id, heads)
            if not self._has_fingerprint:
                remember_schema(self._context, self._session.record, self._id)
                self._has_fingerprint = True
        event = Event(
            kind=EventKind.RUN_RESTORED,
            run_id=self._id if self._is_recorded else None,
            command=self._command,
            environment=self._context.environment,
            database=self._context.url.safe,
            message=self._context.redact(message),
            before=self._before,
            after=heads,
            duration_ms=int((time.monotonic() - self._started) * 1000),
            backup=backup,
            actor=user_at_host(),
        )
        self._context.notify(event)

    def refuse_lost_lock(self) -> None:
        """Raise `StoppedError` when the work is over and was not alone to its end."""
        with contextlib.suppress(SQLAlchemyError):
            if self._session.lock.is_held():
                return
        raise StoppedError(
            what=f"The session that held the lock was lost during `{self._command}`.",
            why="the server ended it, so a run may have begun before the work was over",
            next_step="look at `python migrate.py check`, then run the command again",
        )

    @contextlib.contextmanager
    def on_record(self, target: str) -> Iterator[None]:
        """Write a row for the body, and how the body ended; *target* is the row's word."""
        known, interrupts = read_fingerprint(self._session.record), self._session.interrupts
        try:
            with interrupts.shielded():
                self._session.put_on_record(
                    self._id, self._command, target, self._before, self._before
                )
                self._is_recorded = True
            with interrupts.unmasked():
                yield
        except BaseException as raised:
            if self._is_recorded:
                with interrupts.shielded():
                    self._finish(known, raised)
            raise
        with interrupts.shielded():
            self._finish(known, None)

    def _finish(self, known: Fingerprint | None, raised: BaseException | None) -> None:
        ledger, record = self._session.ledger, self._session.record
        heads: tuple[str, ...] | None = None
        with contextlib.suppress(SQLAlchemyError):
            heads = self._session.heads()
        try:
            is_untouched = set(heads or ()) == set(self._before)
            # Work that times out on the lock after it was aside has renamed databases by then.
            is_untouched = is_untouched and not (self._was_aside and _is_busy(raised))
            outcome = _outcome(raised, is_untouched=is_untouched)
            redact = self._context.redact
            error = RunFailure.of_work(raised, self._command, redact) if raised else None
            ledger.finish(self._id, outcome, error=error, heads=heads)
            if known and not known.later_run and not self._has_fingerprint:
                hand_on(record, known.run_id, self._id)
        except SQLAlchemyError as unwritten:
            # The body's own error is the one to report.
            name = type(getattr(unwritten, "orig", unwritten)).__name__
            log.warning("the end of %s is not on record: %s", self._id, name)


def _is_busy(raised: BaseException | None) -> bool:
    return raised is not None and isinstance(cause_of(raised), LockBusyError)


def _outcome(raised: BaseException | None, *, is_untouched: bool) -> str:
    """Return the word for the ledger; who refuses after the heads have moved has failed."""
    if raised is None:
        return "succeeded"
    cause = cause_of(raised)
    if isinstance(cause, Interrupt):
        return "interrupted"
    is_refusal = isinstance(cause, RefusedError | Veto | LockBusyError)
    return "refused" if is_refusal and is_untouched else "failed"
