"""The context of a plugin's command: the runtime, seen through the contract."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sst.cli.call.asking import asker
from sst.cli.call.errors import interruption
from sst.cli.call.streams import results_only
from sst.migrator.session import guard
from sst.migrator.values.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sst.cli.call.invocation import Invocation
    from sst.config.sources.target import Target
    from sst.db.url import DatabaseUrl
    from sst.hooks.contract.checks import Inspection
    from sst.hooks.contract.commands import LockedWork
    from sst.hooks.contract.fleet.engines import Engine
    from sst.hooks.contract.settings_view import SettingsView


class PluginContext:
    """The `CommandContext` of one call; see `sst/hooks/contract/commands.py`."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._runtime = invocation.runtime

    @property
    def environment(self) -> str:
        """The environment's name."""
        return self._runtime.environment

    @property
    def project_root(self) -> Path:
        """The folder that relative paths in settings start from."""
        return self._runtime.project_root

    @property
    def database_url(self) -> DatabaseUrl:
        """Where migrations go; asking for it may start a server."""
        with results_only():
            return self._runtime.migration_url

    @property
    def schema(self) -> str:
        """The one schema that is the target; asking for it starts nothing."""
        return self._runtime.schema

    @property
    def settings(self) -> SettingsView:
        """Settings of the platform and, below `app`, of the application; no secrets."""
        return self._runtime.visible_settings

    @property
    def as_json(self) -> bool:
        """Whether `--json` was given."""
        return self._invocation.as_json

    @property
    def x(self) -> Mapping[str, str]:
        """The x arguments of the command line, by their keys."""
        return self._runtime.x

    def inspect(self) -> Inspection:
        """Return a read-only look at the database on a connection of its own."""
        with results_only():
            return self._runtime.inspect()

    def targets(self) -> Sequence[Target]:
        """Return the databases that one call can work on, read anew."""
        from sst.targets.read import read_targets

        with results_only():
            return read_targets(self._runtime)

    def local_engine(self, most: int) -> AbstractContextManager[Engine]:
        """Return up to *most* processes that work as this call does."""
        from sst.cli.fleet.engines import local_engine

        return closing(local_engine(self._invocation, most))

    def locked(
        self,
        command: str,
        target: str,
        *,
        lock_wait_seconds: float | None = None,
        on_record: bool = True,
        allow_environment_change: bool = False,
        must_record: bool = True,
    ) -> AbstractContextManager[LockedWork]:
        """Hold the run's lock for the body; see `CommandContext.locked`."""
        options = RunOptions(lock_wait_seconds, allow_environment_change=allow_environment_change)
        with results_only():
            return self._runtime.migrator.locked(
                command, target, options, on_record=on_record, must_record=must_record
            )

    def confirm(self, action: str, given: str | None, loss: Sequence[str] = ()) -> None:
        """Return when the operator has written the database's name; see `CommandContext`."""
        lines = [self._invocation.clean(line) for line in loss]
        try:
            guard.confirm(
                self.database_url,
                action=action,
                given=given,
                ask=asker(),
                loss=lines,
                environment=self.environment,
            )
        except KeyboardInterrupt:
            raise interruption() from None
