"""`migrate.py check`: does the database answer, where does it stand, is it healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command
from sst.cli.invocation import pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("check", cls=Command, short_help="Connection, revision, what is pending, checks.")
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Check the connection, the revision, what is pending and what plugins check.

    Exit 3 when there is something to do.
    """
    return runtime.migrator.check()
