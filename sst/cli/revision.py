"""`migrate.py revision`: write a new revision file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.completing.revisions import target_completion

if TYPE_CHECKING:
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


def text(report: Report, _runtime: Runtime) -> list[str]:
    """Return the path of the new file."""
    return [report.path or "nothing written: env.py left no revision"]


def keys(report: Report) -> dict[str, Any]:
    """Return the path of the new file, and what autogenerate found."""
    return {"path": report.path, "found": list(report.extras.get("found", ()))}


@click.command(
    "revision", cls=Command, text=text, keys=keys, short_help="Write a new revision file."
)
@click.option("-m", "--message", required=True, help="What the revision does, in a few words.")
@click.option(
    "--autogenerate", is_flag=True, help="Write what the models say and the schema lacks."
)
@click.option(
    "--head",
    "head",
    multiple=True,
    metavar="REVISION",
    shell_complete=target_completion("head", "heads"),
    help="The revision it follows, or label@head [default: the project's own head]; "
    "several (A,B or repeated) or `heads` are merged.",
)
@pass_runtime
def command(
    runtime: Runtime, message: str, head: tuple[str, ...], *, autogenerate: bool
) -> Report:
    """Write a new revision file from the template, ready to be edited.

    With `--head LABEL@head` it goes to the plugin that brings the branch LABEL, and
    `--autogenerate` writes only what changes that plugin's tables.
    With `--head A,B` or `--head heads` it is the merge revision that joins them.
    """
    return runtime.migrator.new_revision(
        message, autogenerate=autogenerate, head=",".join(head) or None
    )
