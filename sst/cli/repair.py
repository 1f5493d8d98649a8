"""`migrate.py repair`: mend what an interrupted run left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command, lock_options
from sst.cli.invocation import asker, pass_runtime

if TYPE_CHECKING:
    from sst.migrator.repair.damage import Damage
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("repair", cls=Command, short_help="Find what is half done; offer to mend it.")
@click.option("--yes", is_flag=True, help="Mend everything without asking; for scripts.")
@lock_options
@pass_runtime
def command(
    runtime: Runtime,
    lock_wait_seconds: float | None,
    *,
    yes: bool,
    allow_environment_change: bool,
) -> Report:
    """Say what is half done and offer to mend it, one by one; revisions are never stamped.

    It finds invalid indexes and what a cancelled REINDEX left, constraints that were never
    validated, runs that died, and a record that the version table contradicts. A database that
    the swap of a restore has left closed to connections is opened again first.
    Without a terminal and without --yes it only lists them, with their remedies: exit 3.
    """
    can_ask = asker() is not None
    agree = _always if yes else _asked if can_ask else None
    return runtime.migrator.repair(
        agree,
        lock_wait_seconds=lock_wait_seconds,
        allow_environment_change=allow_environment_change,
    )


def _always(_: Damage) -> bool:
    return True


def _asked(damage: Damage) -> bool:
    click.echo(f"{damage.what}\n  remedy: {damage.remedy}", err=True)
    return click.confirm("Do it?", default=False, err=True)
