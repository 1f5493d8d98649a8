"""The migrator's commands, one method each, which imports its work: values in, a Report out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sst.hooks.contract.revisions import Direction
from sst.kept.doubts import doubt
from sst.migrator.check.judged import judged
from sst.migrator.commands import revision_rows
from sst.migrator.commands.look import has_nothing_to_do, hook_timings, look
from sst.migrator.commands.planned import planned
from sst.migrator.commands.review import objections
from sst.migrator.session import guard
from sst.migrator.session.inspection import DatabaseInspection, look_keywords
from sst.migrator.standing.last_runs import read_last_runs
from sst.migrator.standing.read import look_within, see
from sst.migrator.values.options import AS_CONFIGURED
from sst.migrator.values.plan_hash import hash_of
from sst.migrator.values.report import Report
from sst.migrator.values.status import default_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from sst.migrator.locked_work.work import Work
    from sst.migrator.rehearsal.real.probes import ProbeMode
    from sst.migrator.repair.damage import Damage
    from sst.migrator.standing.brief import BriefLooks
    from sst.migrator.standing.read import Seen
    from sst.migrator.values.context import Context
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.status import Status


class Migrator:
    """Moves and examines one database with one set of revision files."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def inspect(self) -> DatabaseInspection:
        """Return a read-only look at the database; a context manager."""
        return DatabaseInspection(self._context)

    def upgrade(
        self,
        target: str | None = None,
        options: RunOptions = AS_CONFIGURED,
        *,
        plan_hash: str | None = None,
    ) -> Report:
        """Move the schema forward to *target*: `head`, `heads`, `+N`, an id or a unique prefix.

        Without a target to the head, or to the heads where labels tell the branches apart.
        With *plan_hash*, that of `plan`, another plan is refused with `PlanChangedError`.
        """
        from sst.migrator.run.execution import execute
        from sst.migrator.run.progress import Request

        target = target or default_target(self._context.project)
        request = Request(Direction.UPGRADE, target, options, plan_hash=plan_hash)
        return execute(self._context, request)

    def downgrade(self, target: str, options: RunOptions = AS_CONFIGURED) -> Report:
        """Move the schema back to *target*: `-N`, `base`, an id or a unique prefix.

        In a protected environment, and down to `base`, the database's name must be confirmed;
        raises `ConfirmationError` without it.
        """
        from sst.migrator.run.execution import execute
        from sst.migrator.run.progress import Request

        shown = None
        if guard.needs_confirmation(target, is_protected=self._context.is_protected):
            from sst.migrator.commands.confirmation import confirm_downgrade

            shown = confirm_downgrade(self._context, target, options)
        return execute(self._context, Request(Direction.DOWNGRADE, target, options, shown))

    def stamp(
        self, targets: tuple[str, ...], options: RunOptions = AS_CONFIGURED, *, purge: bool = False
    ) -> Report:
        """Write *targets* into the version table and run nothing; on record like a run.

        With *purge* every row is taken away first, also those that no file knows; in a protected
        environment the database's name must be confirmed, as by `downgrade`.
        """
        from sst.migrator.commands.stamp import Stamp, execute_stamp

        wanted, shown = Stamp(targets, purge), None
        if purge and self._context.is_protected:
            from sst.migrator.commands.confirmation import confirm_purge

            shown = confirm_purge(self._context, wanted, options)
        return execute_stamp(self._context, wanted, options, shown)

    def locked(
        self,
        command: str,
        target: str,
        options: RunOptions = AS_CONFIGURED,
        *,
        on_record: bool = True,
        must_record: bool = True,
    ) -> AbstractContextManager[Work]:
        """Hold the run's lock for a plugin's work; see `CommandContext.locked`."""
        from sst.migrator.locked_work.work import hold_lock

        return hold_lock(
            self._context, command, target, options, on_record=on_record, must_record=must_record
        )

    def status(self) -> Report:
        """Say where the database stands and what the record knows; no plugin is asked.

        The error is that of `check` without the checks of plugins.
        Raises `DatabaseUnreachableError` also for a server that stops answering.
        """
        return self._judged(look_within(self._context), with_plugins=False)

    def check(self) -> Report:
        """Say whether the database answers, where it stands, and what its checks say."""
        seen = see(self._context)
        report, status = self._judged(seen, with_plugins=True), seen.status
        steps = () if seen.refused else status.pending
        target = default_target(self._context.project)
        return replace(report, vetoes=objections(self._context, target, status.current, steps))

    def _judged(self, seen: Seen, *, with_plugins: bool) -> Report:
        """Return what the checks make of *seen*: those of the core, and those of plugins."""
        report = self._standing(seen.status)
        return judged(self._context, report, seen, self.inspect, with_plugins=with_plugins)

    def wait(self, goal: str, timeout_seconds: float) -> Report:
        """Return when *goal*, `database` or `head`, is there; see `execute_wait`."""
        from sst.migrator.commands.wait import execute_wait

        return execute_wait(self._context, goal, timeout_seconds)

    def runs(self, limit: int) -> Report:
        """Return the last *limit* runs on record, newest first."""
        with look(self._context) as inspection:
            return Report(runs=inspection.records.newest(limit))

    def hook_timings(self, plugin: str) -> tuple[str, tuple[Mapping[str, Any], ...]] | None:
        """Return the newest run that called hooks of *plugin*, and what each of them took."""
        return hook_timings(self._context, plugin)

    def run_details(self, run_id: str) -> Report:
        """Return one run on record, by its id or a unique beginning of it."""
        with look(self._context) as inspection:
            found = inspection.records.find(run_id)
        return Report(run_id=found.id, run=found)

    def repair(
        self, agree: Callable[[Damage], bool] | None, options: RunOptions = AS_CONFIGURED
    ) -> Report:
        """Mend what an interrupted run left and *agree* says yes to; without it only list it."""
        from sst.migrator.repair.repair import execute_repair, list_damage

        if agree is None:
            return list_damage(self._context)
        return execute_repair(self._context, agree, options)

    def current(self) -> Report:
        """Return the database's revision."""
        with look(self._context) as inspection:
            return self._standing(inspection.status)

    def has_nothing_to_do(self) -> bool:
        """Say whether the schema is at the head, and no run has failed there since."""
        return has_nothing_to_do(self._context)

    def connection_keywords(self) -> dict[str, Any]:
        """Return the keywords with which psycopg2 connects as a look does, password and all."""
        return look_keywords(self._context)

    def brief_looks(self) -> BriefLooks:
        """Return what looks in short at other databases, with the same revision files."""
        from sst.migrator.standing.brief import BriefLooks

        return BriefLooks(self._context)

    def question(self, *, with_schema: bool) -> str:
        """Return what asks whether the database is as it was; see `as_one_statement`."""
        from sst.migrator.commands.question import as_one_statement

        with look(self._context) as inspection:
            return as_one_statement(self._context, inspection.connection, with_schema=with_schema)

    def history(self) -> Report:
        """Return every revision, newest first, and where it stands in the database."""
        with look(self._context) as inspection:
            status = inspection.status
            applied = inspection.records.last_upgrades()
            failed = read_last_runs(inspection.records).unresolved
        rows = revision_rows.history(self._context.project, status, applied, failed)
        return replace(self._standing(status), revisions=rows)

    def plan(
        self,
        target: str | None = None,
        *,
        with_sql: bool = False,
        rehearsed: bool = True,
        from_cache: bool = True,
        probe: ProbeMode = "bounded",
    ) -> Report:
        """Return what `upgrade` or `downgrade` to *target* would run; touches nothing.

        *with_sql* adds the SQL of each revision. When *rehearsed*, they run on a copy without
        rows, a scratch database, and the report has what each statement did there, or *from_cache*
        what it did there earlier, and what stands against it. *probe* says which tables are asked
        for rows that would make it fail: those up to `migrate.probe_limit_mb`, all, or none.
        """
        from sst.migrator.rehearsal.rehearsal import Rehearsal

        target = target or default_target(self._context.project)
        context = self._context
        status, steps, facts = planned(context, target)
        before = status.current
        if steps:
            doubt("a plan comes of more than the record")
        scripts = context.project.sql(steps, context.url) if with_sql else ()
        vetoes = objections(context, target, before, steps)
        why_not = "it was not asked for" if steps else "nothing is pending"
        rehearsal, verdict = Rehearsal(why_not=why_not), None
        if steps and rehearsed:
            from sst.migrator.lint.gate import verdict_on
            from sst.migrator.lint.judging import with_findings
            from sst.migrator.rehearsal.rehearse import rehearse

            found = rehearse(context, facts, before, steps, from_cache=from_cache, probe=probe)
            rehearsal = with_findings(context, steps, found)
            verdict = verdict_on(context, before, steps, rehearsal)
        return replace(
            self._standing(status),
            vetoes=vetoes,
            rehearsal=rehearsal,
            verdict=verdict,
            plan_hash=hash_of(before, steps),
            after=steps[-1].after if steps else before,
            revisions=revision_rows.planned(steps, scripts, context.url.schema),
        )

    def kept_plan(self) -> Report:
        """Return what an upgrade would run, with what an earlier `plan` has seen; runs nothing."""
        from sst.migrator.commands.kept_plan import kept_plan

        return kept_plan(self._context)

    def lint(
        self,
        target: str | None = None,
        *,
        base: str | None = None,
        is_offline: bool = False,
        from_cache: bool = True,
    ) -> Report:
        """Return what the rules have against the revisions that a run to *target* would apply.

        They run on a copy without rows, as `plan` does it; with *base* those that are new since,
        behind the history, and with *is_offline* without the database; see `lint_history`.
        An error that no revision accepts is the report's `LintError`.
        """
        from sst.migrator.lint.linting import NO_RULES, lint_error, lint_history, lint_pending

        project, plugins = self._context.project, self._context.plugins
        target = target or default_target(project)
        report = Report(heads=project.heads)
        if base is not None or is_offline:
            found = lint_history(
                self._context, target, base, is_offline=is_offline, from_cache=from_cache
            )
        else:
            found, status = lint_pending(self._context, target, from_cache=from_cache)
            report = self._standing(status)
        warnings = () if plugins.implement("judge") else (NO_RULES,)
        return replace(report, lint=found, warnings=warnings, error=lint_error(found))

    def new_revision(self, message: str, *, autogenerate: bool, head: str | None = None) -> Report:
        """Write a new revision file; with *autogenerate* from what the models say."""
        from sst.migrator.commands.new_revision import autogenerate_revision, write_revision

        write = autogenerate_revision if autogenerate else write_revision
        return write(self._context, message, head)

    def _standing(self, status: Status) -> Report:
        """Return where the database stands; a command adds what it alone has found."""
        return Report(
            state=status.state,
            before=status.current,
            after=status.current,
            heads=self._context.project.heads,
            pending=revision_rows.as_pending(status.pending),
        )
