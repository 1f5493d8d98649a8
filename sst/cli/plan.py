"""`migrate.py plan`: what would run, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.command import Command
from sst.cli.invocation import pass_runtime

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command("plan", cls=Command, short_help="What an upgrade or downgrade would run.")
@click.argument("target", required=False)
@click.option("--sql", "with_sql", is_flag=True, help="Show the SQL of every revision.")
@pass_runtime
def command(runtime: Runtime, target: str | None, *, with_sql: bool) -> Report:
    """Show what an upgrade or downgrade to TARGET (default: head) would run; touch nothing."""
    return runtime.migrator.plan(target, with_sql=with_sql)
