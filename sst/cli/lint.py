"""`migrate.py lint`: what the rules have against the revisions that are pending."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.call.presentation import Presentation
from sst.cli.completing.revisions import target_completion
from sst.cli.result.findings.forms import FORMS, text
from sst.cli.result.findings.github import write_summary
from sst.cli.result.findings.keys import finding_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime


@click.command(
    "lint",
    cls=Command,
    text=text,
    keys=finding_keys,
    short_help="What the rules have against a plan.",
)
@click.argument("target", required=False, shell_complete=target_completion("head"))
@click.option(
    "--base",
    metavar="REV",
    help="Judge what is new since a revision, or since a branch, tag or commit of git.",
)
@click.option("--offline", is_flag=True, help="Ask no database: replay the history elsewhere.")
@click.option("--no-cache", is_flag=True, help="Run it again, also where nothing has changed.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    default="text",
    help="The form of the findings.",
)
@click.pass_obj
@pass_runtime
def command(  # noqa: PLR0913 - its options
    runtime: Runtime,
    invocation: Invocation,
    target: str | None,
    base: str | None,
    *,
    offline: bool,
    no_cache: bool,
    form: str,
) -> Report:
    """Judge the revisions that an upgrade to TARGET (default: head) would run; change nothing.

    They run on a copy of the database without rows, as `plan` runs them, and the rules of plugins
    judge each statement by what it did there. Exit 3 with errors that no revision accepts.

    Without a database they run in an empty one on an embedded server, behind the history: with
    --base those that are new, as one deployment, else each as a deployment of its own.
    """
    invocation.as_json = invocation.as_json or form == "json"
    is_offline = offline or not runtime.has_database
    migrator = runtime.offline_migrator if is_offline else runtime.migrator
    report = migrator.lint(target, base=base, is_offline=is_offline, from_cache=not no_cache)
    lines = partial(text, is_verbose=invocation.verbose) if form == "text" else FORMS[form]
    invocation.presentation = Presentation(lines, finding_keys)
    return replace(report, notes=tuple(_notes(report, form, runtime)))


def _notes(report: Report, form: str, runtime: Runtime) -> Iterator[str]:
    """Give what is said beside the findings; the summary of a pipeline's step is written."""
    yield from report.warnings
    lint = report.lint
    if lint and lint.where:
        when = f" earlier ({lint.kept_since:%H:%M} UTC)" if lint.kept_since else ""
        yield f"judged{when} {lint.where}"
    if lint and form == "github" and (failed := write_summary(lint, runtime.project_root)):
        yield failed
