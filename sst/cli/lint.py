"""`migrate.py lint`: what the rules have against the revisions that are pending."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.call.presentation import Presentation
from sst.cli.completing.revisions import target_completion
from sst.cli.result.findings.keys import finding_keys
from sst.cli.result.findings.text import finding_lines
from sst.cli.result.revisions import where

if TYPE_CHECKING:
    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


def text(report: Report, runtime: Runtime, *, is_verbose: bool = False) -> list[str]:
    """Return the findings, and how much was judged."""
    if report.lint is None or not report.lint.revisions:
        return [f"nothing to judge: the database is at {where(report)}"]
    return finding_lines(report.lint, runtime.project_root, is_verbose=is_verbose)


@click.command(
    "lint",
    cls=Command,
    text=text,
    keys=finding_keys,
    short_help="What the rules have against a plan.",
)
@click.argument("target", required=False, shell_complete=target_completion("head"))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="The form of the findings.",
)
@click.pass_obj
@pass_runtime
def command(runtime: Runtime, invocation: Invocation, target: str | None, *, form: str) -> Report:
    """Judge the revisions that an upgrade to TARGET (default: head) would run; change nothing.

    They run on a copy of the database without rows, as `plan` runs them, and the rules of plugins
    judge each statement by what it did there. Exit 3 with errors that no revision accepts.
    """
    invocation.as_json = invocation.as_json or form == "json"
    if invocation.verbose:
        invocation.presentation = Presentation(partial(text, is_verbose=True), finding_keys)
    return runtime.migrator.lint(target)
