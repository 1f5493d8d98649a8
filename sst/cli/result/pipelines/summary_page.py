"""The result of a command as Markdown: where the database stands, what ran, what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.markdown_text import code, error_lines, plain
from sst.cli.result.moved_schema import DONE
from sst.cli.result.pipelines.page import Page
from sst.cli.result.pipelines.said_once import other_warnings
from sst.cli.result.revisions import where
from sst.cli.result.table import moment
from sst.migrator.standing.headline import failed_at
from sst.text import duration_text, proven_text, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.cli.call.invocation import Invocation
    from sst.migrator.values.report import Report

ROOM = 250_000
"""Characters of a page, four bytes each at most; GitHub takes 1 MiB from a step."""


def summary_page(report: Report, invocation: Invocation) -> str:
    """Return the page on *report*."""
    said = invocation.said
    page = Page(ROOM)
    page.add(f"## {plain(invocation.command)}\n")
    if report.error:
        for line in error_lines(report.error, said):
            page.add(line)
    elif first := _first(report):
        page.add(f"**{plain(said(first))}**")
    page.table(("", ""), _facts(report, invocation))
    page.table(("revision", "", "time", "description"), _ran(report))
    page.table(("revision", "", "description"), _waiting(report))
    page.table(("check", "", "result"), _checks(report, invocation))
    for each in report.vetoes:
        page.add(
            f"\n- **refused by {plain(each.plugin)}**: {plain(said(f'{each.why} {each.hint}'))}"
        )
    for text in other_warnings(report):
        page.add(f"\n- **warning**: {plain(said(text))}")
    page.end((), rest=f"{invocation.command} --json")
    return "\n".join(page.lines)


def _first(report: Report) -> str:
    """Return what matters first where nothing is wrong."""
    standing = report.standing
    if standing and standing.headline:
        return standing.headline.text
    return "Done." if report.run_id else "Nothing to do."


def _facts(report: Report, invocation: Invocation) -> Iterator[tuple[str, str]]:
    yield from _place(invocation)
    if report.state:
        yield "state", plain(report.state)
    if report.after or report.state:
        yield "revision", plain(where(report))
    if report.run_id:
        before = ", ".join(report.before) or "empty"
        yield "run", f"{code(report.run_id)}, from {plain(before)} in {report.seconds:.1f} s"
    yield from _backups(report, invocation)
    if report.restored:
        yield "restored", plain(invocation.said(report.restored.message))
    yield from _standing(report, invocation)


def _place(invocation: Invocation) -> Iterator[tuple[str, str]]:
    runtime = invocation.opened
    if runtime:
        yield "environment", plain(runtime.environment)
    if runtime and runtime.resolved_url:
        yield "database", code(invocation.said(runtime.resolved_url.safe))


def _backups(report: Report, invocation: Invocation) -> Iterator[tuple[str, str]]:
    backup = report.backup
    if backup:
        size = size_text(backup.size_bytes)
        yield "backup", f"{code(invocation.said(backup.uri))}, {size}, {plain(backup.proof)}"


def _standing(report: Report, invocation: Invocation) -> Iterator[tuple[str, str]]:
    """Give what is at work, the run that failed, and the last backup."""
    standing, said = report.standing, invocation.said
    if standing is None:
        return
    running, failed, backup = standing.running, standing.runs.unresolved, standing.last_backup
    if running:
        words = f"{running.command or 'not on record'} by {running.who}"
        since = f" since {moment(running.since)}" if running.since else ""
        yield "running", plain(said(words + since))
    if failed:
        run = f"{failed.command} {failed.target}".strip()
        text = f"{run}, {moment(failed.started_at)}: {failed_at(failed)}"
        yield "failed run", f"{code(failed.id)} {plain(said(text))}"
    if backup:
        proven = proven_text(backup.proven)
        yield (
            "last backup",
            f"{moment(backup.at)}, {size_text(backup.size_bytes)}, {plain(proven)}",
        )


def _ran(report: Report) -> Iterator[tuple[str, ...]]:
    for item in report.applied:
        time = duration_text(item.duration_ms)
        yield code(item.revision), DONE[item.state], time, plain(item.description)


def _waiting(report: Report) -> Iterator[tuple[str, ...]]:
    for item in report.pending:
        yield code(item.revision), plain(item.state), plain(item.description)


def _checks(report: Report, invocation: Invocation) -> Iterator[tuple[str, ...]]:
    for each in report.checks:
        name = plain(f"{each.plugin}/{each.name}")
        yield name, each.status.value, plain(invocation.said(each.detail))
