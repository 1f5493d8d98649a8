"""A package that uses every hook of the contract, and writes down each time one is called."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sst.hooks import (
    Backup,
    Check,
    CheckResult,
    CheckStatus,
    CommandContext,
    CommandResult,
    Migrations,
    hookimpl,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import click
    from fastapi import APIRouter
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sst.hooks import (
        ApplicationContext,
        Event,
        Failure,
        Inspection,
        Middleware,
        Revision,
        Run,
    )


class Config(BaseModel):
    """The section `plugins.everything`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: Path = Field(description="The file to write the names of called hooks to.")
    vault: Path = Field(description="The file that holds the database's URL.")
    badge: SecretStr = Field(description="Asked for by the route.")


class Plugin:
    """One method for each hook, in the order of the contract."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def config_values(self, wanted: Sequence[str]) -> dict[str, str]:
        """Return the database's URL, as the vault spells it."""
        self._called("config_values")
        return {name: self._config.vault.read_text() for name in wanted if name == "DATABASE_URL"}

    @hookimpl
    def resolve_database_url(self, url: str) -> str | None:
        """Turn the vault's spelling into a URL."""
        self._called("resolve_database_url")
        return url.removeprefix("vault+") if url.startswith("vault+") else None

    @hookimpl
    def register_checks(self) -> list[Check]:
        """Return a check that counts the rows of the own table."""
        self._called("register_checks")

        def notes(inspection: Inspection) -> CheckResult:
            if inspection.fetch("SELECT to_regclass('everything_notes')") == [(None,)]:
                return CheckResult(CheckStatus.SKIP, "the table is not there")
            [(count,)] = inspection.fetch("SELECT count(*) FROM everything_notes")
            return CheckResult(CheckStatus.PASS, f"{count} notes")

        return [Check("notes", notes)]

    @hookimpl
    def register_commands(self) -> list[click.Command]:
        """Return `migrate.py notes`."""
        import click

        self._called("register_commands")

        @click.command("notes")
        @click.pass_obj
        def notes(context: CommandContext) -> CommandResult:
            with context.inspect() as database:
                rows = database.fetch("SELECT text FROM everything_notes")
            return CommandResult(data={"notes": [text for (text,) in rows]})

        return [notes]

    @hookimpl
    def register_routers(self, application: ApplicationContext) -> list[APIRouter]:
        """Return a route to the own table on the application's engine."""
        from fastapi import APIRouter
        from sqlalchemy import text

        self._called("register_routers")
        router = APIRouter()

        @router.get("/notes")
        def notes() -> list[str]:
            with application.engine().connect() as connection:
                return list(connection.scalars(text("SELECT text FROM everything_notes")))

        return [router]

    @hookimpl
    def register_middleware(self) -> list[Middleware]:
        """Return what asks every request to the own routes for the badge."""
        self._called("register_middleware")
        badge = (b"x-badge", self._config.badge.get_secret_value().encode())

        def around(app: ASGIApp) -> ASGIApp:
            async def asking(scope: Scope, receive: Receive, send: Send) -> None:
                own = scope["type"] == "http" and scope["path"].startswith("/plugins/everything")
                if own and badge not in scope["headers"]:
                    await send({"type": "http.response.start", "status": 403, "headers": []})
                    await send({"type": "http.response.body", "body": b""})
                    return
                await app(scope, receive, send)

            return asking

        return [around]

    @hookimpl
    def register_migrations(self) -> list[Migrations]:
        """Return the own branch and its models."""
        import sqlalchemy as sa

        self._called("register_migrations")
        models = sa.MetaData()
        sa.Table("everything_notes", models, sa.Column("text", sa.Text, nullable=False))
        return [Migrations(Path(__file__).parent / "versions", "everything", [models])]

    @hookimpl
    def review_plan(self, run: Run) -> None:
        """Let every plan pass."""
        self._called(f"review_plan {len(run.plan)}")

    @hookimpl
    def post_backup(self, backup: Backup) -> None:
        """See that it is kept."""
        self._called(f"post_backup {backup.id}")

    @hookimpl
    def pre_migrate(self) -> Backup:
        """Let every run pass, with the backup that somebody else is said to make."""
        self._called("pre_migrate")
        return Backup("everything-1", "volume:everything-1", 1, "0" * 64, verified=True)

    @hookimpl
    @contextmanager
    def around_migrate(self) -> Iterator[None]:
        """Stand around the steps."""
        self._called("around_migrate")
        yield

    @hookimpl
    def pre_revision(self, revision: Revision) -> None:
        """Let every revision pass."""
        self._called(f"pre_revision {revision.id}")

    @hookimpl
    def in_revision(self, revision: Revision) -> None:
        """See its transaction begun."""
        self._called(f"in_revision {revision.id}")

    @hookimpl
    def post_revision(self, revision: Revision) -> None:
        """See it committed."""
        self._called(f"post_revision {revision.id}")

    @hookimpl
    def post_migrate(self, run: Run) -> None:
        """Look at the database, with or without the own table."""
        with run.inspect() as database:
            database.fetch("SELECT to_regclass('everything_notes')")
        self._called("post_migrate")

    @hookimpl
    def migrate_failed(self, failure: Failure) -> None:
        """See why."""
        self._called(f"migrate_failed {failure.revision}")

    @hookimpl
    def notify(self, event: Event) -> None:
        """See what is told."""
        self._called(f"notify {event.kind}")

    def _called(self, what: str) -> None:
        with self._config.calls.open("a") as file:
            file.write(f"{what}\n")
