"""`migrate.py history`: every revision and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command
from sst.cli.invocation import pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("history", cls=Command, short_help="Every revision, its state and when it came.")
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Show every revision, newest first, with its state and when it was applied."""
    return runtime.migrator.history()
