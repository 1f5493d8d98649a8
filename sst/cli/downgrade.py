"""`migrate.py downgrade`: move the schema back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command, blockers_option, lock_options
from sst.cli.invocation import asker, pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("downgrade", cls=Command, short_help="Move the schema back to TARGET, such as -1.")
@click.argument("target")
@click.option("--confirm", metavar="NAME", help="The database's name, for scripts.")
@lock_options
@blockers_option
@pass_runtime
def command(
    runtime: Runtime,
    target: str,
    confirm: str | None,
    lock_wait_seconds: float | None,
    *,
    allow_environment_change: bool,
    terminate_blockers: bool,
) -> Report:
    """Move the schema back to TARGET: `-1`, `base`, a revision's id or a unique prefix of it.

    In a protected environment, and down to `base`, it asks for the database's name.
    """
    return runtime.migrator.downgrade(
        target,
        confirmed_name=confirm,
        ask=asker(),
        lock_wait_seconds=lock_wait_seconds,
        allow_environment_change=allow_environment_change,
        terminate_blockers=terminate_blockers,
    )
