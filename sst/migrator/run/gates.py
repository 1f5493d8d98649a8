"""The gates of a run: asked in order, with what they made and what broke on record."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from sst.bridge import EndedTransactionError
from sst.errors import InterruptedRunError
from sst.hooks.calling.calls import HookFailedError, HookProblem
from sst.hooks.contract.run import Backup
from sst.migrator.lint.gate import is_judged, judge_plan
from sst.migrator.run.aside import Aside
from sst.migrator.run.events import warn_of_backup, warn_of_plan
from sst.migrator.session.gate_watch import GateWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    from sst.hooks.calling.gates import During
    from sst.hooks.contract.revisions import Revision
    from sst.hooks.manager import Contribution
    from sst.migrator.run.progress import Progress
    from sst.migrator.session.session import Session
    from sst.migrator.values.context import Context

_PREPARES = "pre_migrate"


class Gates:
    """Asks the gates of one run; the phase of the run is the hook that is asked."""

    def __init__(self, context: Context, session: Session, progress: Progress) -> None:
        self._context = context
        self._session = session
        self._progress = progress
        self.watch = GateWatch(context, progress.run_id)
        """Names the gate that is asked; entered while they are."""
        self._aside = Aside(context, session, progress, self.watch.closed)
        self.run = self._aside.run()
        """The run as plugins see it."""

    def prepare(self) -> None:
        """Ask the rules, whoever reviews the plan, and then whoever prepares the run.

        Raises `LintRefusedError` and `HookFailedError` for who refuses, `InterruptedRunError`, and
        what ended the run while it was aside.
        """
        self._judge()
        self.ask("review_plan")
        try:
            self.ask(_PREPARES)
        except HookFailedError as error:
            raise self._aside.explain(error) from error
        self._aside.confirm()

    def finish(self) -> None:
        """Settle what the gates have noted and left open; the run has come to its end."""
        self._aside.finish()

    def enter(
        self, revision: Revision, connection: Connection, still_open: Callable[[], None]
    ) -> None:
        """Let plugins write in the transaction of *revision*, on *connection*.

        Raises `HookFailedError` for who raises, leaves the transaction failed, or ends it.
        """
        hook = "in_revision"

        @contextmanager
        def during(plugin: str) -> Iterator[None]:
            try:
                with self._during(hook, plugin):
                    yield
                still_open()
            except HookFailedError as failed:
                # A session that is gone has no transaction, and its end is nobody's doing.
                if not getattr(failed.error, "connection_invalidated", False):
                    with suppress(DBAPIError), self._blamed(plugin, hook):
                        still_open()
                raise
            except (EndedTransactionError, DBAPIError) as error:
                raise self._context.plugins.blame(plugin, hook, error) from error

        self.ask(hook, during, revision=revision, connection=connection)
        self._progress.phase = "revision"

    def _judge(self) -> None:
        """Rehearse the plan and ask the rules, as `migrate.lint` says."""
        context, progress, session = self._context, self._progress, self._session
        if not is_judged(context, progress.before):
            return
        progress.phase = "lint"
        try:
            found = judge_plan(
                context, session.facts, progress.before, progress.plan, progress.request.target
            )
        except InterruptedRunError:
            session.interrupts.raise_given_up()
            raise
        warn_of_plan(context, progress, session.ledger, found)

    @contextmanager
    def _blamed(self, plugin: str, hook: str) -> Iterator[None]:
        try:
            yield
        except EndedTransactionError as error:
            raise self._context.plugins.blame(plugin, hook, error) from error

    def ask(self, hook: str, during: During | None = None, **about: Any) -> None:
        """Ask *hook* of one plugin after the other; *about* are its arguments beside the run.

        Raises `HookFailedError` for the first that raises and may not.
        *during* is entered around each plugin's call.
        """
        self._progress.phase = hook
        self._context.plugins.gate(
            hook,
            during=during or partial(self._during, hook),
            on_answer=partial(self._keep, hook),
            run=self.run,
            **about,
        )

    @contextmanager
    def _during(self, hook: str, plugin: str) -> Iterator[None]:
        if hook == _PREPARES:
            self._progress.entered.append(plugin)
        self._progress.asked, self._progress.asked_at = plugin, time.monotonic()
        with self.watch.during(hook, plugin):
            yield

    def _keep(self, hook: str, made: Contribution) -> None:
        """Put on record a backup, or a gate that broke and may."""
        if isinstance(made.value, HookProblem):
            self._note(made.value)
        elif isinstance(made.value, Backup) and hook == _PREPARES:
            self._aside.confirm()
            self._keep_backup(made, made.value)

    def _keep_backup(self, made: Contribution, backup: Backup) -> None:
        progress, ledger = self._progress, self._session.ledger
        progress.backup = backup
        ledger.record_backup(progress.run_id, backup.to_dict())
        warn_of_backup(self._context, progress, ledger, made)
        if backup.verified:
            self._context.plugins.observe("post_backup", run=self.run, backup=backup)

    def _note(self, problem: HookProblem) -> None:
        text = self._context.redact(problem.what)
        self._progress.warnings.append(f"plugin {problem.plugin}, {problem.hook}: {text}")
        self._session.ledger.record_warning(
            self._progress.run_id, problem.plugin, problem.hook, text
        )
