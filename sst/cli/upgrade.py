"""`migrate.py upgrade`: move the schema forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.call.options import run_options
from sst.cli.completing.revisions import target_completion
from sst.cli.result.moved_schema import moved_text, restored_key
from sst.errors import UsageError

if TYPE_CHECKING:
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command(
    "upgrade",
    cls=Command,
    kept="record",
    text=moved_text,
    keys=restored_key,
    many="forward",
    forms={
        "github": "sst.cli.result.pipelines.github:github",
        "junit": "sst.cli.result.junit.database:junit",
    },
)
@click.argument("target", required=False, shell_complete=target_completion("head", "heads", "+1"))
@click.option(
    "--plan",
    "plan_hash",
    metavar="HASH",
    help="Refuse any plan but the one with this `plan_hash`.",
)
@run_options(blockers=True)
@pass_runtime
def command(
    runtime: Runtime, target: str | None, options: RunOptions, plan_hash: str | None
) -> Report:
    """Move the schema forward to TARGET (default: head).

    TARGET is `head`, `heads`, `+1`, a revision's id, a unique prefix of it, or `label@head`.
    Without one it is the head, or all heads where labels tell the branches apart.
    """
    if plan_hash is not None and not plan_hash.strip():
        raise UsageError(
            what="--plan has no value: the hash is empty.",
            why="a script's variable may not be set; without a hash any plan would do",
            next_step="take `plan_hash` of `plan --json`; without --plan whatever is pending runs",
        )
    return runtime.migrator.upgrade(target, options, plan_hash=plan_hash)
