"""`migrate.py stamp`: write a revision into the version table and run nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command, lock_options
from sst.cli.invocation import asker, pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("stamp", cls=Command, short_help="Record TARGET without running anything.")
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "--purge",
    is_flag=True,
    help="Take away every row of the version table first, also revisions that nobody knows.",
)
@click.option("--confirm", metavar="NAME", help="With --purge: the database's name, for scripts.")
@lock_options
@pass_runtime
def command(
    runtime: Runtime,
    targets: tuple[str, ...],
    confirm: str | None,
    lock_wait_seconds: float | None,
    *,
    purge: bool,
    allow_environment_change: bool,
) -> Report:
    """Say that the database is at TARGET without running anything; it is on record like a run.

    Rows of other branches stay; several TARGETs are written one after the other.
    In a protected environment --purge asks for the database's name.
    """
    return runtime.migrator.stamp(
        *targets,
        purge=purge,
        confirmed_name=confirm,
        ask=asker(),
        lock_wait_seconds=lock_wait_seconds,
        allow_environment_change=allow_environment_change,
    )
