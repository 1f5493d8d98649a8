"""`migrate.py stamp`: write a revision into the version table and run nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.command import Command, lock_options
from app.cli.invocation import pass_runtime

if TYPE_CHECKING:
    from app.migrator.report import Report
    from app.runtime import Runtime


@click.command("stamp", cls=Command, short_help="Record TARGET without running anything.")
@click.argument("target")
@lock_options
@pass_runtime
def command(
    runtime: Runtime,
    target: str,
    lock_wait_seconds: float | None,
    *,
    allow_environment_change: bool,
) -> Report:
    """Say that the database is at TARGET without running anything; it is on record like a run."""
    return runtime.migrator.stamp(
        target,
        lock_wait_seconds=lock_wait_seconds,
        allow_environment_change=allow_environment_change,
    )
