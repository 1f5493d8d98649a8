"""`migrate.py downgrade`: move the schema back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.call.options import run_options
from sst.cli.completing.revisions import target_completion
from sst.cli.result.moved_schema import moved_text, restored_key

if TYPE_CHECKING:
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command(
    "downgrade",
    cls=Command,
    text=moved_text,
    keys=restored_key,
    forms={"github": "sst.cli.result.pipelines.github:github"},
    short_help="Move the schema back to TARGET, such as -1.",
)
@click.argument("target", shell_complete=target_completion("base", "-1"))
@run_options(confirm="The database's name, for scripts.", blockers=True)
@pass_runtime
def command(runtime: Runtime, target: str, options: RunOptions) -> Report:
    """Move the schema back to TARGET: `-1`, `base`, a revision's id or a unique prefix of it.

    In a protected environment, and down to `base`, it asks for the database's name.
    """
    return runtime.migrator.downgrade(target, options)
