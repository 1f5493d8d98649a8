"""`migrate.py repair`: mend what an interrupted run left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command
from sst.cli.invocation import pass_runtime
from sst.cli.options import run_options

if TYPE_CHECKING:
    from sst.migrator.repair.damage import Damage
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("repair", cls=Command, short_help="Find what is half done; offer to mend it.")
@click.option("--yes", is_flag=True, help="Mend everything without asking; for scripts.")
@run_options()
@pass_runtime
def command(runtime: Runtime, options: RunOptions, *, yes: bool) -> Report:
    """Say what is half done and offer to mend it, one by one; revisions are never stamped.

    It finds invalid indexes and what a cancelled REINDEX left, constraints that were never
    validated, runs that died, and a record that the version table contradicts. A database that
    the swap of a restore has left closed to connections is opened again first.
    Without a terminal and without --yes it only lists them, with their remedies: exit 3.
    """
    agree = _always if yes else _asked if options.ask else None
    return runtime.migrator.repair(agree, options)


def _always(_: Damage) -> bool:
    return True


def _asked(damage: Damage) -> bool:
    click.echo(f"{damage.what}\n  remedy: {damage.remedy}", err=True)
    return click.confirm("Do it?", default=False, err=True)
