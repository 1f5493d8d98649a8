"""The commands `fleet worker|status|setup`: parse, call, print."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import click

from sst.hooks import CommandResult

from .database import require_packages

if TYPE_CHECKING:
    from sst.hooks import CommandContext

    from .settings import Config


def commands_of(config: Config) -> list[click.Command]:
    """Return the plugin's commands, for its *config*."""
    group = click.Group("fleet", help="Work on databases that calls elsewhere have queued.")
    for make in (_worker, _status, _setup):
        group.add_command(make(config))
    return [group]


def _worker(config: Config) -> click.Command:
    @click.command("worker")
    @click.option(
        "--parallel",
        type=click.IntRange(min=1),
        metavar="N",
        help="So many databases at once (default: one for each core).",
    )
    @click.pass_obj
    def worker(context: CommandContext, parallel: int | None) -> CommandResult:
        """Take jobs out of the queue and work on their databases, until a signal.

        A first SIGTERM or Ctrl-C lets it end what it is at; a second one ends the runs in order,
        and another worker takes their jobs.
        """
        require_packages()
        from .schema import require_schema
        from .status import done_text
        from .worker.known import Known
        from .worker.slots import Slots
        from .worker.worker import Place, Worker

        url = config.database()
        require_schema(url)
        place = Place(url, config.queue_of(context.environment), parallel or os.cpu_count() or 1)
        with closing(Slots(context.local_engine, place.many)) as slots:
            found = Worker(place, config, Known(context.targets), slots)
            found.run()
        return CommandResult(text=done_text(found.done), data={"jobs": found.done})

    return worker


def _status(config: Config) -> click.Command:
    @click.command("status")
    @click.pass_obj
    def status(context: CommandContext) -> CommandResult:
        """Show the jobs of the queue by state, its workers, and the calls that wait."""
        require_packages()
        from .status import standing

        queue = config.queue_of(context.environment)
        found = standing(config.database(), queue, config.stalled_after_seconds)
        return CommandResult(text=found.text(), rows=found.rows(), data=found.to_dict())

    return status


def _setup(config: Config) -> click.Command:
    @click.command("setup")
    def setup() -> CommandResult:
        """Make the tables of the queue; those of another release are made anew."""
        require_packages()
        from .schema import make_schema

        url = config.database()
        is_made = make_schema(url)
        where = f"the queue is in the database {url.name}"
        text = where if is_made else f"{where} already"
        return CommandResult(text=text, data={"is_made": is_made})

    return setup
