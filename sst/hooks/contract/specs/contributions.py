"""The hooks by which a plugin adds something: values, a server, checks, commands, routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks.contract.modes import Mode, hook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import click
    from fastapi import APIRouter

    from sst.config.sources.target import Target
    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.application import ApplicationContext, Middleware
    from sst.hooks.contract.checks import Check
    from sst.hooks.contract.fleet.engines import NamedEngine
    from sst.hooks.contract.plan.finding import Finding
    from sst.hooks.contract.plan.statement import Statement
    from sst.hooks.contract.revisions import Migrations


@hook(Mode.COLLECT)
def config_values(
    environment: str, wanted: Sequence[str], project_root: Path
) -> Mapping[str, str] | None:
    """Return values for settings, by name: this is how a secret store is connected.

    *environment* is the name of the environment; *wanted* names the settings that a value may
    be given for, such as `DATABASE_URL`; *project_root* is the project's folder, where a relative
    path of a setting starts.

    Called: once, while settings load; a value beats the settings files and is beaten by the
        environment.
    Raising: exit 2, nothing touched. The exception's message is not printed, for it may hold a
        token; the problems of a `ConfigError` are, for the plugin has chosen their words.

    Example:
        @hookimpl
        def config_values(wanted: Sequence[str]) -> dict[str, str]:
            vault = {"DATABASE_URL": "postgresql://app@db.example/app"}
            return {name: vault[name] for name in wanted if name in vault}
    """


@hook(Mode.FIRST)
def resolve_database_url(url: str, project_root: Path) -> str | None:
    """Return the real URL for *url*, or None for "not mine".

    *project_root* is the project's folder, where a relative path of a setting starts.
    *url* is that of a setting, or `scratch:16`: a server of that major version for scratch
    databases alone, which is not the database's own (`scratch:` for any version).

    Called: before the first connection, and by `plan` where `migrate.rehearse` is `elsewhere` and
        `migrate.rehearsal_url` is unset; plugins are asked in order until one answers.
    Raising: the command ends before it has connected; `plan` says that it has not rehearsed.

    Example:
        @hookimpl
        def resolve_database_url(url: str) -> str | None:
            return "postgresql:///app?host=/run/postgresql" if url == "local" else None
    """


@hook(Mode.FIRST)
def copy_schema(
    source: DatabaseUrl | None, server: DatabaseUrl, seconds: float
) -> AbstractContextManager[DatabaseUrl] | None:
    """Return what makes a copy of *source* without its rows, or None for "not mine".

    Entered, it gives the URL of a scratch database on the server of *server*, which is that of
    *source* or another one: the schema of *source*, and the settings that its sessions begin
    with. Where *source* is None it is an empty one. It is made within *seconds*, dropped when it
    is left, and dropped by the next one after a kill. Of *source* nothing but the catalogue is
    read.

    Called: by `plan`, when revisions are pending and `migrate.rehearse` is not `off`; they then
        run on that copy.
    Raising: `plan` says that it has not rehearsed, and why; also when it is entered.

    Example:
        @hookimpl
        @contextmanager
        def copy_schema(
            source: DatabaseUrl | None, server: DatabaseUrl, seconds: float
        ) -> Iterator[DatabaseUrl]:
            clone = ["clone", "--empty", source.name if source else "nothing"]
            subprocess.run(clone, check=True, timeout=seconds)
            try:
                yield server.with_database("scratch_clone")
            finally:
                subprocess.run([*clone, "--drop"], check=True)
    """


@hook(Mode.COLLECT)
def judge(statement: Statement) -> Sequence[Finding] | None:
    """Return what a rule has against *statement*, which has run on a copy without rows.

    A rule has a name of its own. The core adds file and line, and whether the revision accepts
    the finding: `# sst: accept RULE because REASON`, on the statement's line.

    Called: by `plan`, by `lint`, and by a run where `migrate.lint` is not `off`, once for each
        statement, in their order.
    Raising: the plugin is named in a warning, and in a finding `rule-failed`, an error. One that
        does not answer in time is not asked again.

    Example:
        @hookimpl
        def judge(statement: Statement) -> list[Finding]:
            if any(lock.relation == "public.payment" and lock.blocks != "nothing"
                   for lock in statement.locks):
                what = f"it blocks {statement.blocks} of the payments"
                return [Finding("payments-stay-open", what, "announce a maintenance window")]
            return []
    """


@hook(Mode.COLLECT)
def list_targets(environment: str, project_root: Path) -> Sequence[Target] | None:
    """Return databases that one call can work on, beside those of `migrate.targets`.

    *environment* is the name of the environment; *project_root* is the project's folder, where a
    relative path of a setting starts. The password of a target's URL is never printed.

    Called: by `targets list`, and by a command with `--target`.
    Raising: exit 2, nothing touched. The exception's message is not printed, for it may hold a
        token; the problems of a `ConfigError` are, for the plugin has chosen their words.

    Example:
        @hookimpl
        def list_targets() -> list[Target]:
            customers = {"acme": "eu", "umbrella": "us"}
            return [
                Target(name, f"postgresql://owner@db.example/{name}", labels={"region": region})
                for name, region in customers.items()
            ]
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
def register_engines() -> Sequence[NamedEngine] | None:
    """Return engines for `--engine NAME`: what works on the databases of a call on many.

    The core decides which database is next, in which wave, and what a failure means; an engine
    takes jobs and answers each of them once. `CommandContext.local_engine` is the way in which the
    core itself works on a database. A job has secrets in it: its target's URL and settings. What
    leaves this machine is the name of the target.

    Called: by a command on many databases with `--engine`.
    Raising: the plugin is named in the log and its engines are left out. What `NamedEngine.make`
        raises ends the call before any database is touched.

    Example:
        @hookimpl
        def register_engines() -> list[NamedEngine]:
            def made(call: FleetCall) -> Engine:
                from acme_queue import QueueEngine  # here: other commands do not pay for it

                return QueueEngine(call.project_root / "queue.toml", most=call.most)

            return [NamedEngine("acme", made)]
    """


@hook(Mode.COLLECT)
def register_routers(application: ApplicationContext) -> Sequence[APIRouter] | None:
    """Return routers for *application*, mounted under `/plugins/NAME`.

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
def register_middleware(application: ApplicationContext) -> Sequence[Middleware] | None:
    """Return factories of pure ASGI middleware around every request to *application*.

    A factory gets the ASGI application inside and returns the one around it. The first plugin's is
    the outermost; the security headers are around all of them. It sees every kind of scope:
    `http`, `websocket` and `lifespan`, which begins and ends with the process.

    Called: once, when the application is built.
    Raising: the application does not start, exit 2: what guards its requests must not be missing.

    Example:
        @hookimpl
        def register_middleware(application: ApplicationContext) -> list[Middleware]:
            label = (b"x-environment", application.environment.encode())

            def labelled(app):
                async def serve(scope, receive, send):
                    async def send_labelled(message):
                        if message["type"] == "http.response.start":
                            message["headers"] = [*message.get("headers", ()), label]
                        await send(message)

                    await app(scope, receive, send_labelled)

                return serve

            return [labelled]
    """


@hook(Mode.COLLECT)
def register_migrations() -> Sequence[Migrations] | None:
    """Return version folders, each with a branch label of its own.

    The first revision of a folder carries the label, has no `down_revision`, and names what it
    needs of the project in `depends_on`. The models may refer to the project's tables.

    Called: when revisions are read.
    Raising: exit 2, nothing touched: a history with a hole is not a history. So are two plugins
        with one label, folder or table.

    Example:
        @hookimpl
        def register_migrations() -> list[Migrations]:
            return [Migrations(Path(__file__).parent / "audit_versions", branch_label="audit")]
    """
