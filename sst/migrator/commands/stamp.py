"""`stamp`: write revisions into the version table and run nothing; on record like a run."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from sst.bridge.history.id_length import refuse_too_long
from sst.errors import DatabaseAheadError, SstError
from sst.hooks.contract.events import Event, EventKind
from sst.migrator.ledger.actor import user_at_host
from sst.migrator.ledger.failure import RunFailure
from sst.migrator.ledger.unknown_revision import explained
from sst.migrator.run.progress import new_run_id
from sst.migrator.schema.fingerprint import SchemaAtStart, look_at_schema, remember_schema
from sst.migrator.session.locked_session import locked_command
from sst.migrator.values.report import Report
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.shown import Shown

log = logging.getLogger("sst.migrate")


@dataclass(frozen=True, slots=True)
class Stamp:
    """The rows to be written."""

    targets: tuple[str, ...]
    purge: bool = False
    """Whether every row is taken away first, also those that no file knows."""

    def __str__(self) -> str:
        """Return it as the record keeps it."""
        return " ".join(("--purge", *self.targets) if self.purge else self.targets)


def execute_stamp(
    context: Context, wanted: Stamp, options: RunOptions, shown: Shown | None = None
) -> Report:
    """Stamp *wanted* under the run's lock; no gate runs, for no revision does.

    Raises `RefusedError` when the database is not where its operator was *shown* it.
    """
    run_id, started = new_run_id(), time.monotonic()
    unknown = f"whether {wanted} is written is not known"
    with locked_command(context, run_id, options, unknown=unknown) as session:
        before = session.heads()
        if shown:
            shown.refuse_moved(session.database, before)
        schema = look_at_schema(context)
        with session.interrupts.shielded():
            after = _stamp(context, session, run_id, wanted, before, schema)
        if set(after) != set(before):
            _tell(context, run_id, before, after, started)
    return Report(
        before=before,
        after=after,
        heads=context.project.heads,
        run_id=run_id,
        warnings=schema.warnings,
        seconds=time.monotonic() - started,
    )


def _stamp(
    context: Context,
    session: Session,
    run_id: str,
    wanted: Stamp,
    before: tuple[str, ...],
    schema: SchemaAtStart,
) -> tuple[str, ...]:
    """Write *wanted* into the version table, on record from *before* to what it is then."""
    session.put_on_record(run_id, "stamp", str(wanted), before, before)
    schema.put_on_record(session.ledger, run_id)
    try:
        rows = context.project.stamped(wanted.targets, before, purge=wanted.purge)
        table = session.facts.qualified_version_table
        refuse_too_long(set(rows) - set(before), session.id_length(), table)
        context.project.stamp(wanted.targets, session.connection, context.url, purge=wanted.purge)
        after = session.heads()
    except Exception as raised:
        error = _told(raised, context, session, before, wanted)
        _fail(context, session, run_id, error, before)
        remember_schema(context, session.record, run_id, schema)
        raise error from raised
    session.ledger.finish(run_id, "succeeded", heads=after)
    # The operator has looked and says that this is it.
    remember_schema(context, session.record, run_id)
    return after


def _tell(
    context: Context,
    run_id: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
    started: float,
) -> None:
    event = Event(
        kind=EventKind.STAMPED,
        run_id=run_id,
        command="stamp",
        environment=context.environment,
        database=context.url.safe,
        message=f"stamped as {listed(after) or 'base'}; no revision was run",
        before=before,
        after=after,
        duration_ms=int((time.monotonic() - started) * 1000),
        actor=user_at_host(),
    )
    context.notify(event)


def _fail(
    context: Context, session: Session, run_id: str, error: Exception, heads: Sequence[str]
) -> None:
    failure = RunFailure.of_work(error, "stamp", context.redact)
    is_refused = isinstance(error, SstError) and error.exit_code in {2, 5, 6}
    outcome = "refused" if is_refused else "failed"
    try:
        session.ledger.finish(run_id, outcome, error=failure, heads=heads)
    except SQLAlchemyError as unwritten:
        # The first error is the one to report.
        log.warning("the end of %s is not on record: %s", run_id, type(unwritten).__name__)


def _told(
    error: Exception,
    context: Context,
    session: Session,
    before: tuple[str, ...],
    wanted: Stamp,
) -> Exception:
    if isinstance(error, DatabaseAheadError):
        return explained(error, context, session.ledger, before, wanted.targets)
    return error
