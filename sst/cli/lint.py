"""`migrate.py lint`: what the rules have against the revisions that are pending."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sst.cli.call.command import Command
from sst.cli.call.invocation import pass_runtime
from sst.cli.completing.revisions import target_completion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

_FORMS = "sst.cli.result.findings.forms"


def text(report: Report, runtime: Runtime, *, is_verbose: bool = False) -> Sequence[str]:
    """Return the findings for a person, and how much was judged."""
    from sst.cli.result.findings.forms import text as finding_text  # late: `--help` needs none

    return finding_text(report, runtime, is_verbose=is_verbose)


def keys(report: Report) -> Mapping[str, Any]:
    """Return the findings, and how much was judged."""
    from sst.cli.result.findings.keys import finding_keys

    return finding_keys(report)


@click.command(
    "lint",
    cls=Command,
    text=text,
    keys=keys,
    forms={
        "sarif": f"{_FORMS}:sarif_form",
        "github": f"{_FORMS}:github_form",
        "gitlab": f"{_FORMS}:gitlab_form",
    },
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
@click.pass_obj
@pass_runtime
def command(
    runtime: Runtime,
    invocation: Invocation,
    target: str | None,
    base: str | None,
    *,
    offline: bool,
    no_cache: bool,
) -> Report:
    """Judge the revisions that an upgrade to TARGET (default: head) would run; change nothing.

    They run on a copy of the database without rows, as `plan` runs them, and the rules of plugins
    judge each statement by what it did there. Exit 3 with errors that no revision accepts.

    Without a database they run in an empty one on an embedded server, behind the history: with
    --base those that are new, as one deployment, else each as a deployment of its own.
    """
    is_offline = offline or not runtime.has_database
    migrator = runtime.offline_migrator if is_offline else runtime.migrator
    report = migrator.lint(target, base=base, is_offline=is_offline, from_cache=not no_cache)
    if invocation.verbose:
        lines = partial(text, is_verbose=True)
        invocation.presentation = replace(invocation.presentation, text=lines)
    return replace(report, notes=tuple(_notes(report)))


def _notes(report: Report) -> Iterator[str]:
    """Give what is said beside the findings."""
    yield from report.warnings
    lint = report.lint
    if lint and lint.where:
        when = f" earlier ({lint.kept_since:%H:%M} UTC)" if lint.kept_since else ""
        yield f"judged{when} {lint.where}"
