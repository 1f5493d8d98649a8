"""The one place that creates things: settings, plugins, the database's URL, the migrator."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Self

from sst import __version__
from sst.config import open_sources
from sst.config.declared.names import APP
from sst.db.url import DatabaseUrl
from sst.health.report import run_checks
from sst.hooks.calling.calls import guarded
from sst.hooks.calling.isolation import threads_left
from sst.hooks.contract.settings_view import SettingsView
from sst.hooks.finding.instances import secrets_of
from sst.hooks.manager import build
from sst.migrator.ledger.checkout import git_commit
from sst.migrator.values.context import Context, Version, to_stderr, unseen
from sst.redaction.logs import configure_logging
from sst.redaction.redact import mask_credentials, redact
from sst.settings.in_force import in_force, values_of
from sst.settings.loading import load_configuration
from sst.settings.resolving import resolve_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pydantic import SecretStr
    from sqlalchemy.engine import Engine

    from sst.bridge import AlembicProject
    from sst.config import Settings
    from sst.config.sources.target import Target
    from sst.errors import SstError
    from sst.health.report import NamedResult
    from sst.hooks.contract.checks import Inspection, Stage
    from sst.hooks.manager import Contribution, Plugins
    from sst.migrator.migrator import Migrator
    from sst.migrator.run.progress import Progress
    from sst.settings.loading import Loaded
    from sst.settings.overriding import Values

log = logging.getLogger("sst.plugins")


def open_runtime(
    root: Path,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    left_out: Sequence[str] = (),
    x: Sequence[str] = (),
) -> Runtime:
    """Read the settings below *root* and load the plugins they enable; nothing connects yet.

    *environ* stands for the process's environment; *overrides* are `NAME=VALUE`, *left_out* names
    plugins that are not imported although they are listed, *x* the x arguments of env.py.
    Raises `ConfigError` with every problem of settings and plugins at once, `UsageError` when
    there is no plugin of a name in *left_out*.
    """
    shared = in_force(root)
    is_plain = environ is None and not overrides and not left_out
    loaded = shared.claim() if is_plain else None
    if loaded is None:
        sources = open_sources(root, environ=environ, overrides=overrides, left_out=left_out)
        loaded = load_configuration(sources)
    return _runtime(root, loaded, x)


def _runtime(root: Path, loaded: Loaded, x: Sequence[str]) -> Runtime:
    configuration = loaded.configuration
    settings, choice = configuration.plugin_settings, configuration.choice
    plugins = build(loaded.discovery.found, settings, choice, secrets=configuration.secrets)
    in_force(root).publish(configuration)
    return Runtime(root, loaded, plugins, x)


class Runtime:
    """Everything a command or a request works with; close it when done."""

    def __init__(
        self, root: Path, loaded: Loaded, plugins: Plugins, x: Sequence[str] = ()
    ) -> None:
        self.project_root = root
        self._loaded, self.schema = loaded, loaded.schema
        self.configuration, self.variables = loaded.configuration, loaded.variables
        self.plugins = plugins
        self._in_force = in_force(root)
        self._own = values_of(loaded.configuration)
        self._resolved: dict[str, DatabaseUrl] = {}
        self._x = tuple(x)
        self._is_logging = False
        self.last_words: Callable[[SstError], None] = to_stderr
        """Prints the error after which a second signal ends the process."""
        self.is_screen = False
        """Whether stderr is a screen, with live lines in place of log lines."""
        self.show: Callable[[Progress], AbstractContextManager[None]] = unseen
        """Entered around a run: shows how far it has come."""

    def __enter__(self) -> Self:
        """Return the runtime itself."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Give connections back."""
        self.close()

    def for_target(self, target: Target) -> Runtime:
        """Return a runtime for *target*, one database of many, with the same revision files.

        Close it as well. Raises `ConfigError` for its settings, `UsageError` for `--set` of a URL.
        """
        found = _runtime(self.project_root, self._loaded.for_target(target), self._x)
        found.project, found.last_words, found.show = self.project, self.last_words, self.show
        found.is_screen = self.is_screen
        if self._is_logging:
            found.configure_logging()
        return found

    def close(self) -> None:
        """Give the engine's connections back; the runtime may not be used afterwards.

        Threads that plugins have left running are named in the log.
        """
        self.plugins.close()
        for who, thread in threads_left():
            log.warning("%s: left the thread %s running", who, thread)
        if "engine" in self.__dict__:
            self.engine.dispose()

    @property
    def settings(self) -> Settings:
        """The frozen settings; a test may have put others over them."""
        return self._values().core

    @property
    def visible_settings(self) -> SettingsView:
        """The settings as plugins read them, secrets apart."""
        return SettingsView(lambda: {"": self._values().core, APP: self._values().application})

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self.settings.environment

    @property
    def x(self) -> Mapping[str, str]:
        """The x arguments of the command line, by their keys."""
        from sst.bridge import by_key

        return by_key(self._x)

    @cached_property
    def database_url(self) -> DatabaseUrl:
        """Where the application's data is; a plugin may have made a server of it."""
        return self._resolve("DATABASE_URL", self.settings.database_url)

    @cached_property
    def migration_url(self) -> DatabaseUrl:
        """Where DDL goes: a direct, privileged connection when one is set."""
        if self.settings.migration_database_url is None:
            return self.database_url
        return self._resolve("MIGRATION_DATABASE_URL", self.settings.migration_database_url)

    @cached_property
    def engine(self) -> Engine:
        """The application's engine, with the pool settings."""
        from sst.db.engine import create_app_engine

        return create_app_engine(self.settings, self.database_url)

    @cached_property
    def version(self) -> Version:
        """Which code this is."""
        if said := self.settings.git_commit:
            return Version(__version__, said)
        found = git_commit(self.project_root)
        return Version(__version__, found, is_checkout=bool(found))

    @cached_property
    def project(self) -> AlembicProject:
        """The revision files: the project's own and those that plugins bring."""
        # Alembic and the migrator wait for their first use: an application may have none.
        from sst.bridge import AlembicProject, Branch

        found = self.plugins.collect("register_migrations")
        branches = [Branch.of(item.plugin, item.value) for item in found]
        migrate = self.settings.migrate
        return AlembicProject.open(
            self.project_root, migrate, branches, migrate.ignore_tables, self._x
        )

    @cached_property
    def migrator(self) -> Migrator:
        """The migrator, which moves and examines the database."""
        import sst.migrator.migrator  # noqa: F401 - a package that is missing is said first

        return self.migrator_at(self.migration_url)

    @property
    def has_database(self) -> bool:
        """Whether a setting names a database."""
        return (self.settings.migration_database_url or self.settings.database_url) is not None

    @cached_property
    def offline_migrator(self) -> Migrator:
        """A migrator without a database, for what is said of the revisions alone."""
        return self.migrator_at(DatabaseUrl("postgresql://offline.invalid/offline"))

    def migrator_at(self, url: DatabaseUrl) -> Migrator:
        """Return a migrator for the database at *url*, with these settings."""
        from sst.migrator.migrator import Migrator

        return Migrator(
            Context(
                project=self.project,
                plugins=self.plugins,
                url=url,
                environment=self.environment,
                is_protected=self.settings.protected,
                root=self.project_root,
                settings=self.settings.migrate,
                connect_timeout_seconds=self.settings.db_connect_timeout,
                find_version=lambda: self.version,
                run_checks=self._run_checks,
                redact=self._redact_for_record,
                last_words=self.last_words,
                show=self.show,
                redis_url=self.settings.redis_url,
                visible_settings=self.visible_settings,
                x=self.x,
            )
        )

    def inspect(self) -> Inspection:
        """Return a read-only look at the database on a connection of its own."""
        return self.migrator.inspect()

    def checks(self) -> tuple[Contribution, ...]:
        """Return every registered check with its plugin."""
        return self.plugins.collect("register_checks")

    def redact(self, text: str) -> str:
        """Return *text* with every secret masked."""
        return redact(text, self.secrets)

    def _redact_for_record(self, text: str) -> str:
        """Return *text* without what looks like a secret, too: others keep it, and show it."""
        return mask_credentials(self.redact(text))

    @property
    def secrets(self) -> frozenset[str]:
        """The texts that must never be printed."""
        urls = (url.secrets for url in self._resolved.values())
        return self.configuration.secrets.union(self._secrets_of_plugins, *urls)

    @cached_property
    def _secrets_of_plugins(self) -> frozenset[str]:
        """Those that no source has given: a plugin's own default, such as what it reads itself."""
        configs = self.configuration.plugin_settings.values()
        return frozenset[str]().union(*map(secrets_of, configs))

    @property
    def resolved_url(self) -> DatabaseUrl | None:
        """The database that a command works on; None while it has not been asked for."""
        return self._resolved.get("MIGRATION_DATABASE_URL") or self._resolved.get("DATABASE_URL")

    def configure_logging(self) -> None:
        """Send log lines to stderr in the configured form, with secrets masked."""
        configure_logging(self.settings, self.secrets, is_screen=self.is_screen)
        for warning in () if self._is_logging else self.configuration.warnings:
            log.warning("%s", warning)
        self._is_logging = True

    def _values(self) -> Values:
        return self._in_force.over(self._own)

    def _run_checks(
        self,
        inspect: Callable[[], Inspection],
        stage: Stage,
        own: Sequence[Contribution] = (),
        *,
        with_plugins: bool = True,
    ) -> tuple[NamedResult, ...]:
        checks = (*own, *self.checks()) if with_plugins else tuple(own)
        whose = " or ".join(dict.fromkeys(each.plugin for each in checks))  # asked at once
        with guarded(whose, "checks", is_one=False):
            return run_checks(checks, inspect, stage=stage, secrets=self.secrets).results

    def _resolve(self, setting: str, value: SecretStr | None) -> DatabaseUrl:
        found, is_made = resolve_url(setting, value, self.plugins, self.project_root)
        url = self._resolved[setting] = found.with_schema(self._loaded.schema)
        if is_made and self._is_logging:
            self.configure_logging()  # such a URL can bring a password that no setting has
        return url
