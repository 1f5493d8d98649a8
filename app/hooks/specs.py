"""Every hook: when it is called, what it gets, what it returns, what raising means.

`docs/hooks.md` is written from these docstrings: a hook is its entry here and its call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.hooks.modes import MODES, REVERSED, Mode, hook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    import click
    from fastapi import APIRouter

    from app.hooks.commands import LockedWork, Restored
    from app.hooks.types import Backup, Check, Event, Failure, Migrations, Revision, Run

__all__ = ["MODES", "REVERSED", "Mode"]


@hook(Mode.COLLECT)
def config_values(environment: str, wanted: Sequence[str]) -> Mapping[str, str] | None:
    """Return values for settings, by name: this is how a secret store is connected.

    *environment* is the name of the environment; *wanted* names the settings that a value may
    be given for, such as `DATABASE_URL`.

    Called: once, while settings load; a value beats the settings files and is beaten by the
        environment.
    Raising: exit 2, nothing touched. The exception's message is not printed, for it may hold a
        token.

    Example:
        @hookimpl
        def config_values(wanted: Sequence[str]) -> dict[str, str]:
            vault = {"DATABASE_URL": "postgresql://app@db.example/app"}
            return {name: vault[name] for name in wanted if name in vault}
    """


@hook(Mode.FIRST)
def resolve_database_url(url: str) -> str | None:
    """Return the real URL for *url*, or None for "not mine".

    Called: before the first connection; plugins are asked in order until one answers.
    Raising: the command ends before it has connected.

    Example:
        @hookimpl
        def resolve_database_url(url: str) -> str | None:
            return "postgresql:///app?host=/run/postgresql" if url == "local" else None
    """


@hook(Mode.COLLECT)
def register_checks() -> Sequence[Check] | None:
    """Return questions about the database, each with its stages and its own deadline.

    Called: by `check`, at the end of a run and by the health endpoints.
    Raising: the plugin is named in the log and its checks are left out. A check that raises or
        does not answer in time has failed.

    Example:
        @hookimpl
        def register_checks() -> list[Check]:
            return [Check("sites", has_sites, stages=frozenset({Stage.CHECK}))]

        def has_sites(inspection: Inspection) -> CheckResult:
            [(count,)] = inspection.fetch("SELECT count(*) FROM site")
            return CheckResult(CheckStatus.PASS if count else CheckStatus.WARN, f"{count} sites")
    """


@hook(Mode.COLLECT)
def register_commands() -> Sequence[click.Command] | None:
    """Return commands for migrate.py; the names of core commands are taken.

    The core adds its common options (`--json`, `--set`, ...) to each of them, at every depth of a
    group, hands a `CommandContext` over by `@click.pass_obj`, and prints the `CommandResult` that
    a command returns. A command raises `Veto` to refuse, exit 5.

    Called: when the command line is asked for a command that is not the core's.
    Raising: the plugin is named in the log and its commands are left out.

    Example:
        @hookimpl
        def register_commands() -> list[click.Command]:
            import click  # here, so that other commands do not pay for it

            @click.command("where")
            @click.pass_obj
            def where(context: CommandContext) -> CommandResult:
                with context.inspect() as database:
                    heads = database.current
                return CommandResult(text=", ".join(heads), data={"heads": list(heads)})

            return [where]
    """


@hook(Mode.COLLECT)
def register_routers() -> Sequence[APIRouter] | None:
    """Return routers for the application, mounted under `/plugins/NAME`.

    Called: once, when the application is built.
    Raising: the plugin is named in the log and its routers are left out.

    Example:
        @hookimpl
        def register_routers() -> list[APIRouter]:
            from fastapi import APIRouter  # here: no command imports fastapi

            router = APIRouter()
            router.add_api_route("/hello", lambda: {"hello": "world"})
            return [router]
    """


@hook(Mode.COLLECT)
def register_migrations() -> Sequence[Migrations] | None:
    """Return version folders, each with a branch label of its own.

    Called: when revisions are read.
    Raising: exit 2, nothing touched: a history with a hole is not a history.

    Example:
        @hookimpl
        def register_migrations() -> list[Migrations]:
            return [Migrations(Path(__file__).parent / "audit_versions", branch_label="audit")]
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
        succeeded, failed, was refused or was restored; with a deadline.
    Raising: logged under the plugin's name; changes no outcome.

    Example:
        @hookimpl
        def notify(event: Event) -> None:
            if event.kind is EventKind.RUN_FAILED:
                print(f"page somebody: {event.message}", file=sys.stderr)
    """
