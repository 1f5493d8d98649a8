"""The hooks of a run: the gates before and after it, what surrounds it, and the observers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.hooks.contract.modes import Mode, hook

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection

    from sst.hooks.contract.commands import LockedWork, Restored
    from sst.hooks.contract.events import Event
    from sst.hooks.contract.revisions import Revision
    from sst.hooks.contract.run import Backup, Failure, Run


@hook(Mode.GATE)
def review_plan(run: Run) -> None:
    """Judge the plan of *run*, the revisions in `run.plan`, and touch nothing.

    In `plan` and `check` no run has begun: *run* is the one that `upgrade` or `downgrade` would
    be, and its `id` is on no record.

    Called: by `plan` and `check`, where every plugin is asked and each objection is shown; and at
        the start of a run, with the lock held, before the first `pre_migrate` gate and so before
        the backup. Not called when there is nothing to do, and once in a command.
    Raising: `plan` and `check` show it and keep their exit code; a run is refused, exit 5, and
        the plugins after this one are not asked.

    Example:
        @hookimpl
        def review_plan(run: Run) -> None:
            if len(run.plan) > 20:
                raise Veto(f"{len(run.plan)} revisions at once", "go there in steps: upgrade +20")
    """


@hook(Mode.GATE)
def pre_migrate(run: Run) -> Backup | None:
    """Prepare for *run*; raise `Veto` to refuse it while nothing has been touched.

    A backup plugin returns the `Backup` that it made: it is named in the result, in the record
    of the run and in the message of a failure.

    Called: with the lock held and the plan known, before anything is touched, in list order.
        Not called when there is nothing to do.
    Raising: the run is refused, exit 5; the plugins after this one are not asked.

    Example:
        @hookimpl
        def pre_migrate(run: Run) -> None:
            if run.environment == "production" and run.started_at.weekday() == 4:
                raise Veto("no migration on a Friday", "run it on Monday")
    """


@hook(Mode.OBSERVE)
def post_backup(run: Run, backup: Backup) -> None:
    r"""See *backup*, which a `pre_migrate` gate of *run* has made and verified.

    `backup.proven` says how far. It is on record already. A backup that its plugin calls not
    verified is not told, and neither is one that a command makes outside a run.

    Called: as soon as that gate has returned it, before the next gate, with a deadline.
    Raising: logged under the plugin's name; changes nothing.

    Example:
        @hookimpl
        def post_backup(run: Run, backup: Backup) -> None:
            with (run.project_root / "backups.txt").open("a") as file:
                file.write(f"{run.id} {backup.uri} {backup.sha256}\n")
    """


@hook(Mode.FIRST)
def restore_backup(work: LockedWork, backup: Backup) -> Restored | None:
    """Restore *backup*, which a `pre_migrate` returned, or return None for "not mine".

    *work* holds the run's lock and is on record by itself; the failed run is on record already.

    Called: when a run has failed or is unhealthy, something of it may be committed, and
        `migrate.on_failure` is `restore`; never after a signal, a refusal or a lost connection.
    Raising: the run's own error stays, and says that restoring failed too.

    Example:
        @hookimpl
        def restore_backup(work: LockedWork, backup: Backup) -> Restored:
            subprocess.run([work.project_root / "roll-back", backup.uri], check=True)
            work.restored(f"rolled back to {backup.id}", heads=work.heads, backup=backup)
            return Restored(backup.id, work.heads, None, 0, "the volume was rolled back")
    """


@hook(Mode.AROUND)
def around_migrate(run: Run) -> AbstractContextManager[Any] | None:
    """Return a context manager that is entered around all steps of *run*.

    Called: after the gates; the first plugin of the list is the outermost.
    Raising: on entering, the run ends with nothing touched; on leaving, what was committed stays.
        A context manager cannot hide that a revision failed: that error goes on.

    Example:
        @hookimpl
        @contextmanager
        def around_migrate(run: Run) -> Iterator[None]:
            page = run.project_root / "maintenance.html"
            page.touch()
            try:
                yield
            finally:
                page.unlink()
    """


@hook(Mode.GATE)
def pre_revision(run: Run, revision: Revision) -> None:
    """Raise to stop before *revision*.

    Called: before each revision's transaction, in list order.
    Raising: the run stops there, exit 1; what was committed stays and is named. Before the first
        revision nothing is touched.

    Example:
        @hookimpl
        def pre_revision(revision: Revision) -> None:
            if "drop" in revision.description.lower():
                raise Veto(f"{revision.id} drops something", "ask the database team")
    """


@hook(Mode.GATE)
def in_revision(run: Run, revision: Revision, connection: Connection) -> None:
    """Write in the transaction of *revision*, before its first statement.

    *connection* is SQLAlchemy's, inside that transaction: what is written commits or rolls back
    with the revision. It may set things for the revision: `SET LOCAL` to the transaction's end, or
    `SET ROLE`, which is put back before the version table is written. It must neither end the
    transaction (commit, rollback, close: the run stops and names the plugin) nor keep the
    connection. With an autocommit block in the revision, what was written is committed when that
    begins, `SET LOCAL` ends there, and `SET ROLE` goes on. The revision's timeouts count.

    Called: in each attempt of each revision, up and down, when its transaction has begun; also on
        a connection that env.py opened itself. In an asynchronous env.py its event loop runs.
    Raising: the transaction is rolled back and the run stops as for `pre_revision`: exit 1 with
        what is committed, exit 5 where nothing is. A statement that gets no lock is tried again
        with the revision. It cannot be made a warning.

    Example:
        @hookimpl
        def in_revision(revision: Revision, connection: Connection) -> None:
            connection.exec_driver_sql(f"SET LOCAL application_name = 'revision {revision.id}'")
            connection.exec_driver_sql("SET ROLE app_owner")
    """


@hook(Mode.OBSERVE)
def post_revision(run: Run, revision: Revision) -> None:
    r"""See *revision* after its commit.

    Called: after each revision's commit, with a deadline.
    Raising: logged under the plugin's name; changes nothing.

    Example:
        @hookimpl
        def post_revision(run: Run, revision: Revision) -> None:
            with (run.project_root / "applied.txt").open("a") as file:
                file.write(f"{revision.id} {revision.description}\n")
    """


@hook(Mode.GATE, reverse=True)
def post_migrate(run: Run) -> None:
    """Look at the result of *run*.

    Called: after the last commit, in reverse list order.
    Raising: migrated but unhealthy, exit 4.

    Example:
        @hookimpl
        def post_migrate(run: Run) -> None:
            with run.inspect() as database:
                if not database.fetch("SELECT 1 FROM site LIMIT 1"):
                    raise Veto("the table site is empty", "load the master data")
    """


@hook(Mode.OBSERVE, reverse=True)
def migrate_failed(run: Run, failure: Failure) -> None:
    """Undo what `pre_migrate` prepared, or say what is left to do.

    Called: when *run* has failed, for every plugin whose `pre_migrate` was entered, newest
        first, with a deadline.
    Raising: logged under the plugin's name; never masks the first error.

    Example:
        @hookimpl
        def migrate_failed(run: Run, failure: Failure) -> None:
            print(f"{run.id}: {failure.message}; committed: {failure.committed}", file=sys.stderr)
    """


@hook(Mode.OBSERVE)
def notify(event: Event) -> None:
    """Tell somebody about *event*.

    Called: when a run has started, had nothing to do, applied a revision (after its commit),
        succeeded, failed, was refused, left the schema migrated but unhealthy, or was restored,
        and when `stamp` has changed the version table; in the process that works on the database.
        When an upgrade of many databases has ended, in the process of the call. With a deadline.
    Raising: logged under the plugin's name; changes no outcome.

    Example:
        @hookimpl
        def notify(event: Event) -> None:
            if event.kind is EventKind.RUN_FAILED:
                print(f"page somebody: {event.message}", file=sys.stderr)
    """
