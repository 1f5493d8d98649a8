"""`migrate.py current`: the database's revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command
from sst.cli.invocation import pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("current", cls=Command)
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Show the database's revision."""
    return runtime.migrator.current()
