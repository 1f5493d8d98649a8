"""`migrate.py upgrade`: move the schema forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command, blockers_option, lock_options
from sst.cli.invocation import pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("upgrade", cls=Command)
@click.argument("target", required=False)
@lock_options
@blockers_option
@pass_runtime
def command(
    runtime: Runtime,
    target: str | None,
    lock_wait_seconds: float | None,
    *,
    allow_environment_change: bool,
    terminate_blockers: bool,
) -> Report:
    """Move the schema forward to TARGET (default: head).

    TARGET is `head`, `heads`, `+1`, a revision's id, a unique prefix of it, or `label@head`.
    Without one it is the head, or all heads where labels tell the branches apart.
    """
    return runtime.migrator.upgrade(
        target,
        lock_wait_seconds=lock_wait_seconds,
        allow_environment_change=allow_environment_change,
        terminate_blockers=terminate_blockers,
    )
