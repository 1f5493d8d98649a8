"""The context of every command of the migrator: values and doors, made once by the runtime."""

from __future__ import annotations

import sys
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from sst.command_line import is_one_of_many, named_target, on_target
from sst.hooks.contract.run import default_settings
from sst.migrator.schema.stay import require_schema, require_stays_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pydantic import SecretStr
    from sqlalchemy.engine import Connection

    from sst.bridge import AlembicProject, EnvFacts
    from sst.config import MigrateSettings
    from sst.db.url import DatabaseUrl
    from sst.errors import SstError
    from sst.health.report import NamedResult
    from sst.hooks.contract.checks import Inspection, Stage
    from sst.hooks.contract.events import Event
    from sst.hooks.contract.settings_view import SettingsView
    from sst.hooks.manager import Contribution, Plugins
    from sst.migrator.run.progress import Progress

_SEARCH_PATH = "select current_schemas(false)::text"


@dataclass(frozen=True, slots=True)
class Version:
    """Which code runs."""

    app: str
    git_commit: str
    is_checkout: bool = False
    """Whether the commit is that of a checkout, whose files may be others than the commit's."""


class CheckRunner(Protocol):
    """Asks the plugins' checks of one stage, after *own* checks of the core."""

    def __call__(
        self,
        inspect: Callable[[], Inspection],
        stage: Stage,
        own: Sequence[Contribution] = (),
        *,
        with_plugins: bool = True,
    ) -> tuple[NamedResult, ...]:
        """Return what each check says; without *with_plugins* those of the core alone."""


def to_stderr(error: SstError) -> None:
    """Print *error*: the last words of a process whose caller has no better place for them."""
    sys.stderr.write(f"{error}\n")
    sys.stderr.flush()


def unseen(_progress: Progress) -> AbstractContextManager[None]:
    """Show nothing of a run."""
    return nullcontext()


@dataclass(frozen=True)
class Context:
    """The project, the database and the plugins that a command works with."""

    project: AlembicProject
    plugins: Plugins
    url: DatabaseUrl
    """Where DDL goes: MIGRATION_DATABASE_URL, else DATABASE_URL."""
    environment: str
    is_protected: bool
    """Whether the environment is one of live data: names are asked for."""
    root: Path
    settings: MigrateSettings
    connect_timeout_seconds: int
    find_version: Callable[[], Version]
    """Says which code runs; it starts a program to find out, so only a record asks it."""
    run_checks: CheckRunner
    redact: Callable[[str], str]
    """Mask every secret in a text."""
    last_words: Callable[[SstError], None]
    """Print an error after which the process ends at once, from any thread."""
    show: Callable[[Progress], AbstractContextManager[None]] = unseen
    """Entered around a run: shows how far it has come."""
    redis_url: SecretStr | None = field(default=None, repr=False)
    visible_settings: SettingsView = field(default_factory=default_settings, repr=False)
    """The settings as plugins read them, secrets apart."""
    x: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The x arguments of the command line, by their keys."""
    _facts: list[EnvFacts] = field(default_factory=list, repr=False)
    _facts_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _facts_by_path: dict[str, EnvFacts] | None = field(default=None, repr=False)
    """What env.py configured for others of many databases, by their search paths."""

    @property
    def version(self) -> Version:
        """Which code runs."""
        return self.find_version()

    def notify(self, event: Event) -> None:
        """Send *event* to everybody who observes; it is of the target of this call."""
        target = named_target()
        of_target = replace(
            event,
            target=target or None,
            is_one_of_many=is_one_of_many(),
            next_step=event.next_step and on_target(event.next_step, target),
        )
        self.plugins.observe("notify", event=of_target)

    def facts(self, connection: Connection) -> EnvFacts:
        """Return what env.py configured; it is asked once in a process.

        Raises `ConfigError` where the one schema of a run is not there, or env.py leaves it.
        """
        with self._facts_lock:
            if not self._facts:
                require_schema(connection, self.url)
                found = self._asked(connection)
                require_stays_in(found, self.url)
                self._facts.append(found)
            return self._facts[0]

    def at(self, url: DatabaseUrl, facts_by_path: dict[str, EnvFacts]) -> Context:
        """Return the same for the database at *url*, one of many.

        Its env.py is asked for one of those whose search path is the same, which share
        *facts_by_path*.
        """

        def redact(text: str) -> str:
            return self.redact(url.redact(text))

        return replace(
            self,
            url=url,
            redact=redact,
            _facts=[],
            _facts_lock=threading.Lock(),
            _facts_by_path=facts_by_path,
        )

    def _asked(self, connection: Connection) -> EnvFacts:
        if self._facts_by_path is None:
            return self.project.facts(connection, self.url)
        path = str(connection.exec_driver_sql(_SEARCH_PATH).scalar())
        connection.rollback()
        if path not in self._facts_by_path:
            self._facts_by_path[path] = self.project.facts(connection, self.url)
        return self._facts_by_path[path]
