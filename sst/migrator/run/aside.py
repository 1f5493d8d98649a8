"""A run aside for a gate: everything is closed, and looked at again afterwards."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from sst.errors import DatabaseUnreachableError, RefusedError, SstError
from sst.migrator.ledger.notes import Notes
from sst.migrator.session.own_statements import OwnStatements
from sst.migrator.values.planned_run import planned_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sst.hooks.contract.run import Run
    from sst.migrator.run.progress import Progress
    from sst.migrator.session.inspection import DatabaseInspection
    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context


class Aside:
    """The `aside` of one run; `confirm` says whether the plan still holds.

    *closed* is entered while the run is aside: what else connects for it does not.
    """

    def __init__(
        self,
        context: Context,
        session: Session,
        progress: Progress,
        closed: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._closed = closed
        self._thread = threading.get_ident()
        self._context = context
        self._session = session
        self._progress = progress
        self._statements = OwnStatements(context, progress.run_id, session.interrupts)
        self._notes = Notes(context, progress.run_id, session.facts.qualified_version_table)
        self._database = session.database
        self._has_been = False
        self._lost: SstError | None = None

    def run(self) -> Run:
        """Return the run as plugins see it."""
        progress = self._progress
        run = planned_run(
            self._context,
            progress.run_id,
            progress.request.target,
            progress.before,
            progress.plan,
            inspect=self._inspect,
        )
        return replace(
            run,
            aside=self.aside,
            note=self._notes.note,
            fetch=self._statements.fetch,
            execute=self._statements.execute,
            engine=self._statements.engine,
        )

    def _inspect(self) -> DatabaseInspection:
        """Return a look; inside a revision it waits for no lock for ever, for that may hold it."""
        is_inside = self._progress.phase == "in_revision"
        return self._session.inspect(self._context.settings.lock_timeout if is_inside else None)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Close every connection of the core for the body; see `Run.aside`."""
        if self._progress.phase != "pre_migrate":
            raise RuntimeError("only a pre_migrate gate may send the run aside")
        if threading.get_ident() != self._thread:
            raise RuntimeError("a gate with gate_timeout_seconds cannot send the run aside")
        self._has_been, is_over = True, False
        try:
            with self._closed(), self._notes.held(), self._session.aside():
                yield
                is_over = True
            self._notes.settle(self._session.ledger)
            self._refuse_moved()
        except SstError as error:
            # What the gate itself raised is the gate's; the rest it must not hide.
            self._lost = error if is_over else None
            raise

    def finish(self) -> None:
        """Write what plugins have noted and was not written yet; end what they left open."""
        self._statements.close()
        self._notes.settle(self._session.ledger)

    def confirm(self) -> None:
        """Raise what ended the run while it was aside, whatever the gate made of it."""
        if self._lost:
            raise self._lost
        if self._has_been:
            self._refuse_moved()

    def explain(self, error: Exception) -> Exception:
        """Return the error to report for a gate's *error*: what it met while the run was aside."""
        return self._lost or error

    def _refuse_moved(self) -> None:
        if self._session.database != self._database:
            raise RefusedError(
                what="The database was replaced while the gates prepared; nothing was touched.",
                why="a restore has given its name to another; the gates have seen the old one",
                next_step="run the command again",
            )
        planned, now = self._progress.before, self._heads()
        if set(now) != set(planned):
            raise RefusedError(
                what="Another run has moved the database; nothing was touched.",
                why=f"the plan was made at {', '.join(planned) or 'no revision'}, and after the "
                f"gates the database is at {', '.join(now) or 'no revision'}",
                next_step="run the command again",
            )

    def _heads(self) -> tuple[str, ...]:
        with contextlib.suppress(SQLAlchemyError):
            if self._session.lock.is_held():
                return self._session.heads()
        raise DatabaseUnreachableError(
            what="The run's lock was lost while the gates prepared; nothing was touched.",
            why="the connection that held it is gone",
            next_step="run the command again",
        )
