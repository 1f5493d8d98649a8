"""A plan as a page for a pull request, in the Markdown of GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.findings.text import level_of, words_of
from sst.cli.result.markdown_text import code, error_lines, fenced, plain
from sst.cli.result.pipelines.page import Page
from sst.cli.result.plan.notes import verdict_note
from sst.cli.result.plan.placed import placed
from sst.cli.result.revisions import where
from sst.migrator.lint.reasons import rows_in_the_way
from sst.migrator.rehearsal.summary import rehearsal_note, summary_of
from sst.migrator.rehearsal.words import effect, strongest_lock, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.cli.call.invocation import Invocation
    from sst.cli.result.plan.placed import Placed
    from sst.errors import SstError
    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.values.report import Report, RevisionState

MARK = "<!-- sst-plan -->"
"""By which a bot finds its comment again."""
LONGEST = 65_000
"""Characters of a page; GitHub takes 65,536 in a comment."""
_RESERVED = 4_000
"""Of them for the end of the page."""
_LONGEST_TEXT = 300
_HEAD = "| statement | what it does | lock | time |\n| --- | --- | --- | --- |"


def markdown(report: Report, invocation: Invocation) -> list[str]:
    """Return the lines of a page on the plan in *report*, or on why there is none."""
    return page_of(report, invocation.said)


def page_of(report: Report, said: Callable[[str], str] = str) -> list[str]:
    """Return the lines of the page; *said* makes a text of others fit to be read."""
    head = [MARK, "## Migration plan", ""]
    if not report.revisions and report.error is None:
        return [*head, f"Nothing to do: the database is at {plain(where(report))}."]
    page = Page(LONGEST - _RESERVED)
    page.add("\n".join(head))
    for part in _no_plan(report.error, said) if report.error else _plan(report, said):
        page.add(part)
    page.end(() if report.error else _closing(report, said), rest="plan -v")
    return page.lines


def _no_plan(error: SstError, said: Callable[[str], str]) -> Iterator[str]:
    yield "**There is no plan.**\n"
    yield from error_lines(error, said)


def _plan(report: Report, said: Callable[[str], str]) -> Iterator[str]:
    yield from _opening(report, said)
    for item in report.revisions:
        yield from _revision(report, item)


def _opening(report: Report, said: Callable[[str], str]) -> Iterator[str]:
    if summary := summary_of(report):
        yield f"**{plain(str(summary))}**"
        yield ""
    if note := verdict_note(report):
        yield f"{plain(note)}."
        yield ""
    for each in report.vetoes:
        why = said(f"{each.why} {each.hint}")
        yield f"- **refused by {plain(each.plugin)}**: {plain(why)}"


def _closing(report: Report, said: Callable[[str], str]) -> Iterator[str]:
    if report.rehearsal:
        note = _cut(said(rehearsal_note(report.rehearsal)))
        yield f"{plain(note[:1].upper() + note[1:])}."
    yield f"Plan {code(str(report.plan_hash))}"


def _revision(report: Report, item: RevisionState) -> Iterator[str]:
    """Give the parts of one revision: its table row by row, then what is against it."""
    verb = "" if item.state == "pending" else " (to revert)"
    title = f"\n### {code(item.revision)} {plain(item.description)}{verb}\n"
    found = list(placed(report.rehearsal, item.revision))
    rows = [_row(each) for each in found if each.statement]
    if not rows:
        yield f"{title}\nNo statement of it was seen."
    for number, row in enumerate(rows):
        yield row if number else f"{title}\n{_HEAD}\n{row}"
    for one in found:
        yield from _against(one)


def _row(one: Placed) -> str:
    statement = one.statement
    assert statement is not None  # noqa: S101 - who calls has looked
    cells = (
        code(_cut(statement.sql)),
        plain(effect(statement)),
        strongest_lock(statement),
        plain(time_of(statement.seconds)),
    )
    return f"| {' | '.join(cells)} |"


def _against(one: Placed) -> Iterator[str]:
    for probe in one.probes:
        if probe.violations != 0:
            place = code(f"{probe.file}:{probe.line}")
            yield f"\n- **rows** {plain(rows_in_the_way(probe))} ({place})"
    for finding in one.findings:
        yield _finding(finding)


def _finding(finding: Finding) -> str:
    place = code(f"{finding.file}:{finding.line}")
    said = plain(words_of(finding))
    line = f"\n- **{level_of(finding)}** {code(finding.rule)}: {said} ({place})"
    if finding.accepted or not finding.instead:
        return line
    return f"{line}\n\n{fenced(finding.instead)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."
