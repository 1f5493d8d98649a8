"""`migrate.py repair`: repair the damage that an interrupted run left."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.asking import agrees
from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.call.options import run_options
from sst.cli.result.table import records

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.migrator.repair.damage import Damage
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


def text(report: Report, _runtime: Runtime) -> list[str]:
    """Return a line for every finding, and what became of it."""
    if not report.repairs:
        return ["nothing to repair"]
    return records(
        (item.outcome, item.code, item.subject, item.what, item.remedy, item.note)
        for item in report.repairs
    )


def keys(report: Report) -> dict[str, Any]:
    """Return the findings; null where the repair did not come to look for them."""
    found = report.repairs
    return {"findings": None if found is None else [asdict(each) for each in found]}


@click.command(
    "repair",
    cls=Command,
    text=text,
    keys=keys,
    short_help="Find what is half done; offer to repair it.",
)
@click.option("--yes", is_flag=True, help="Repair everything without asking; for scripts.")
@run_options()
@pass_runtime
def command(runtime: Runtime, options: RunOptions, *, yes: bool) -> Report:
    """Say what is half done and offer to repair it, one by one; revisions are never stamped.

    It finds invalid indexes and what a cancelled REINDEX left, constraints that were never
    validated, runs that died, and a record that the version table contradicts. A database that
    the swap of a restore has left closed to connections is opened again first.
    Without a terminal and without --yes it only lists them, with their remedies: exit 3.
    """
    asked = partial(_asked, redact=runtime.redact)
    agree = _always if yes else asked if options.ask else None
    return runtime.migrator.repair(agree, options)


def _always(_: Damage) -> bool:
    return True


def _asked(damage: Damage, redact: Callable[[str], str]) -> bool:
    lines = [damage.what, f"  remedy: {damage.remedy}", f"  loses:  {damage.loses}", "Do it?"]
    return agrees(redact("\n".join(lines)))
