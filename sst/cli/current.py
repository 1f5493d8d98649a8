"""`migrate.py current`: the database's revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.result.revisions import where

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


def text(report: Report, _runtime: Runtime) -> list[str]:
    """Return the database's revision."""
    return [where(report)]


@click.command("current", cls=Command, kept="record", text=text)
@pass_runtime
def command(runtime: Runtime) -> Report:
    """Show the database's revision."""
    return runtime.migrator.current()
