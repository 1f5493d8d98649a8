"""`migrate.py stamp`: write a revision into the version table and run nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.call.options import run_options
from sst.cli.completing.revisions import target_completion
from sst.cli.result.moved_schema import moved_text

if TYPE_CHECKING:
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command(
    "stamp", cls=Command, text=moved_text, short_help="Record TARGET without running anything."
)
@click.argument(
    "targets",
    metavar="TARGET...",
    nargs=-1,
    required=True,
    shell_complete=target_completion("head", "heads", "base"),
)
@click.option(
    "--purge",
    is_flag=True,
    help="Remove every row of the version table first, also unknown revisions.",
)
@run_options(confirm="With --purge: the database's name, for scripts.")
@pass_runtime
def command(
    runtime: Runtime, targets: tuple[str, ...], options: RunOptions, *, purge: bool
) -> Report:
    """Say that the database is at TARGET without running anything; it is on record like a run.

    Rows of other branches stay; several TARGETs are written one after the other.
    In a protected environment --purge asks for the database's name.
    """
    return runtime.migrator.stamp(targets, options, purge=purge)
