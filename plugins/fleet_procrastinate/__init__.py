"""Workers on any number of machines, with the PostgreSQL-backed queue procrastinate.

- `answering.py`: sessions that are cut when their server does not answer
- `commands.py`: `fleet worker`, `fleet status` and `fleet setup`
- `database.py`: the way to the queue's database, and to procrastinate
- `engine.py`: the engine of `--engine fleet_procrastinate`, which waits for workers
- `rollout.py`: one rollout in the queue's tables, as its engine sees it
- `schema.py`: the tables, and whether they are the right ones
- `settings.py`: all settings
- `statements.py`: the statements on these tables
- `status.py`: what is in the queue
- `worker/`: a worker, until a signal

In the queue is the name of a target, never its URL: a worker has its own list and its own secrets.
What is true of a database is in its own record; what the queue delivers twice is done once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks import NamedEngine, hookimpl

from .settings import Config

if TYPE_CHECKING:
    import click

    from sst.hooks import Engine, FleetCall

__all__ = ["COMMANDS", "Config", "Plugin"]

COMMANDS = ("fleet",)
_ENGINE = "fleet_procrastinate"


class Plugin:
    """Queue the databases of a call, and work on those that others have queued."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def register_engines(self) -> list[NamedEngine]:
        """Return the engine that queues."""
        return [NamedEngine(_ENGINE, self._make)]

    @hookimpl
    def register_commands(self) -> list[click.Command]:
        """Return `fleet` with the commands below it."""
        from .commands import commands_of

        return commands_of(self._config)

    def _make(self, call: FleetCall) -> Engine:
        from .database import require_packages

        require_packages()
        from .engine import QueueEngine

        return QueueEngine.of(self._config, call)
