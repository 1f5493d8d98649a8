"""One run: lock, plan, gates, steps, checks, record - and an ordered end whatever happens."""

from __future__ import annotations

import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from sst.bridge.history.id_length import refuse_steps
from sst.errors import ConfigError, DatabaseAheadError, SstError, UnhealthyError
from sst.hooks.contract.checks import CheckStatus, Stage
from sst.hooks.contract.events import EventKind
from sst.kept.doubts import doubt
from sst.migrator.ledger.agreement import refuse_loss
from sst.migrator.ledger.failure import RunFailure
from sst.migrator.ledger.reader import Records
from sst.migrator.ledger.unknown_revision import explained
from sst.migrator.run.events import (
    log_checks,
    report_event,
    warn_of_failed_run,
    warnings_of,
)
from sst.migrator.run.failing.describe import describe, details_of, event_of, outcome_of
from sst.migrator.run.failing.made_before import look_at_models
from sst.migrator.run.failing.recovery import advised, restore_failed_run
from sst.migrator.run.failing.replaced_database import explaining, refuse_replaced
from sst.migrator.run.failing.texts import unknown_text
from sst.migrator.run.failing.translate import translate
from sst.migrator.run.gates import Gates
from sst.migrator.run.progress import Progress, Request
from sst.migrator.run.step import Chain
from sst.migrator.run.traced import traced_run
from sst.migrator.schema.fingerprint import (
    SchemaAtStart,
    look_at_schema,
    remember_schema,
    withdraw,
)
from sst.migrator.session.inspection import DatabaseInspection
from sst.migrator.session.locked_session import locked_session, watch_signals
from sst.migrator.table_locks.invalid_indexes import warn_of_old
from sst.migrator.values.plan_hash import refuse_other_plan
from sst.text import counted, listed

if TYPE_CHECKING:
    from sst.bridge import Step
    from sst.health.report import NamedResult
    from sst.migrator.session.session import Session
    from sst.migrator.session.signals import Interrupts
    from sst.migrator.values.context import Context
    from sst.migrator.values.report import Report

log = logging.getLogger("sst.migrate")


def execute(context: Context, request: Request) -> Report:
    """Run *request* and return what was done; an expected failure is in the report's `error`."""
    progress = Progress(request)
    with (
        watch_signals(context, lambda: unknown_text(progress)) as interrupts,
        context.show(progress),
        traced_run(context, progress) as traced,
    ):
        report = _Execution(context, progress, interrupts).execute()
        traced.end(report)
        return report


class _Execution:
    """The phases of one run, in the order in which they happen."""

    def __init__(self, context: Context, progress: Progress, interrupts: Interrupts) -> None:
        self._context = context
        self._interrupts = interrupts
        self._progress = progress
        self._schema = SchemaAtStart()

    def execute(self) -> Report:
        """Run in order; whatever is raised ends in the record, in the events and in the report."""
        error: SstError | None = None
        progress = self._progress
        try:
            with locked_session(
                self._context, progress.run_id, progress.request.options, self._interrupts
            ) as session:
                self._run(session)
        except BaseException as raised:
            error = translate(raised, progress, self._context.redact)
            if error is None:
                raise
            if error is not raised:
                error.__cause__ = raised
            error.next_step = advised(error, progress, self._context.environment)
            if not progress.recorded:
                words = {"why": error.why, "next_step": error.next_step}
                self._tell(event_of(error), error.what, error_code=error.code, **words)
        return progress.report(self._context.project.heads, error)

    def _run(self, session: Session) -> None:
        self._plan(session)
        if not self._progress.plan:
            self._tell(EventKind.NOTHING_TO_DO, "nothing to do", after=self._progress.before)
            return
        self._prepare(session)
        try:
            self._begin(session)
            with (
                self._interrupts.unmasked(),
                explaining(self._context, session, self._progress),
                self._gates.watch,
            ):
                self._gates.prepare()
                self._migrate(session)
                self._examine()
                self._succeed(session)
        except BaseException as raised:
            if not self._progress.recorded:
                raise
            with self._interrupts.shielded():
                failed = self._fail(session, raised)
            restore_failed_run(self._context, session, self._progress, failed)
            raise
        finally:
            self._record_hooks(session)

    def _plan(self, session: Session) -> None:
        progress, request = self._progress, self._progress.request
        progress.phase = "plan"
        progress.before = before = session.heads()
        if request.shown:
            request.shown.refuse_moved(session.database, before)
        context, table = self._context, session.facts.qualified_version_table
        records = Records(session.record, table)
        warn_of_failed_run(records, session.closed_runs)
        if all(map(context.project.knows, before)):
            # First: a target such as -1 means nothing to a table that has lost where it was.
            refuse_loss(context.project, records, table, before)
        try:
            progress.plan = context.project.plan(request.target, before, request.direction)
        except DatabaseAheadError as error:
            left_at = records.left_at()
            raise explained(error, context, session.ledger, before, left_at) from error
        refuse_steps(progress.plan, session.id_length(), table)
        refuse_other_plan(request.plan_hash, before, progress.plan)

    def _prepare(self, session: Session) -> None:
        """Find what refuses the run before there is a record of it."""
        doubt("revisions are pending")
        progress = self._progress
        session.guard_environment(progress.request.options)
        self._context.plugins.demand("register_checks")
        self._schema = look_at_schema(self._context)
        progress.warnings += self._schema.warnings
        self._gates = Gates(self._context, session, progress)
        progress.run = self._gates.run

    def _begin(self, session: Session) -> None:
        """Put the run on record; a signal that came meanwhile ends it with its own record."""
        progress, request = self._progress, self._progress.request
        run = self._gates.run
        with self._interrupts.shielded():
            session.put_on_record(
                progress.run_id,
                request.direction.value,
                request.target,
                run.before,
                run.after,
            )
            progress.recorded = True
            self._schema.put_on_record(session.ledger, progress.run_id)
            self._schema.hand_on(session.record, progress.run_id)
        words = counted(len(progress.plan), "revision")
        log.info("run %s: %s to %s, %s", progress.run_id, request.direction, request.target, words)
        for name in self._context.plugins.left_out:
            log.warning("run %s: without the plugin %s (--no-plugin)", progress.run_id, name)
        self._tell(EventKind.RUN_STARTED, f"{request.direction} to {request.target}, {words}")

    def _migrate(self, session: Session) -> None:
        progress, plugins = self._progress, self._context.plugins
        progress.phase = "around_migrate"
        progress.warnings += warn_of_old(session.connection)
        withdraw(session.record, progress.run_id)
        during = partial(self._gates.watch.during, "around_migrate")
        with plugins.around("around_migrate", during=during, run=progress.run):
            Chain(
                self._context,
                session,
                progress,
                self._interrupts,
                gates=self._gates,
                after=self._after,
            ).run()
            progress.phase = "around_migrate"

    def _after(self, step: Step, seconds: float) -> None:
        self._applied(step, seconds)
        self._context.plugins.observe(
            "post_revision", run=self._progress.run, revision=step.revision
        )

    def _applied(self, step: Step, seconds: float) -> None:
        revision = step.revision
        verb = "applied" if step.is_upgrade else "reverted"
        self._tell(
            EventKind.REVISION_APPLIED,
            f"{verb} {revision.id} {revision.description}",
            revision=revision.id,
            duration_ms=int(seconds * 1000),
        )

    def _examine(self) -> None:
        progress = self._progress
        self._gates.ask("post_migrate")
        progress.phase = "check"
        progress.checks = self._ask_checks()
        log_checks(progress.checks)
        progress.warnings += warnings_of(progress.checks)
        failed = [check for check in progress.checks if check.status is CheckStatus.FAIL]
        if failed:
            raise UnhealthyError(
                what="The schema is migrated, but a check failed afterwards.",
                why="; ".join(f"{check.name}: {check.detail}" for check in failed),
                next_step="correct what the check names, then run `python migrate.py check`",
            )

    def _ask_checks(self) -> tuple[NamedResult, ...]:
        try:
            return self._context.run_checks(lambda: DatabaseInspection(self._context), Stage.RUN)
        except ConfigError as error:
            # A required plugin that had registered its checks before the run, and now fails to.
            raise UnhealthyError(
                what="The schema is migrated, but it cannot be checked.",
                why="; ".join(map(str, error.problems)),
                next_step="correct what it names, then run `python migrate.py check`",
            ) from error

    def _succeed(self, session: Session) -> None:
        progress = self._progress
        refuse_replaced(self._context, session, progress)
        with self._interrupts.shielded():
            session.ledger.finish(progress.run_id, "succeeded", heads=progress.after)
            remember_schema(self._context, session.record, progress.run_id)
        done = listed(progress.after) or "base"
        self._tell(EventKind.RUN_SUCCEEDED, f"the database is at {done}", after=progress.after)

    def _fail(self, session: Session, raised: BaseException) -> SstError | None:
        progress, redact = self._progress, self._context.redact
        look_at_models(self._context, raised, progress)
        error = translate(raised, progress, redact)
        failure = describe(error, raised, progress, redact)
        self._context.plugins.observe(
            "migrate_failed",
            only=progress.entered,
            run=progress.run,
            failure=failure,
        )
        try:
            session.ledger.finish(
                progress.run_id,
                outcome_of(error),
                error=RunFailure.of_run(failure, error),
                heads=progress.after,
            )
        except SQLAlchemyError as unwritten:
            # The first error is the one to report.
            name = type(getattr(unwritten, "orig", unwritten)).__name__
            log.warning("the end of run %s is not on record: %s", progress.run_id, name)
        else:
            # One that committed nothing hands on what the run before it left.
            since = None if progress.committed else self._schema
            remember_schema(self._context, session.record, progress.run_id, since)
        details = details_of(failure, error)
        if error and self._context.settings.on_failure == "stop":
            # Else what becomes of the backup is not known yet; a restore is an event of its own.
            details["next_step"] = advised(error, progress, self._context.environment)
        self._tell(event_of(error), failure.message, after=progress.after, **details)
        return error

    def _record_hooks(self, session: Session) -> None:
        """Write what the plugins took; the run has come to its end without it."""
        with contextlib.suppress(SQLAlchemyError), self._interrupts.shielded():
            session.ledger.record_hooks(self._progress.run_id, self._context.plugins.log.totals())
        with self._interrupts.shielded():
            self._gates.finish()

    def _tell(self, kind: EventKind, message: str, **details: Any) -> None:
        report_event(self._context, self._progress, kind, message, **details)
