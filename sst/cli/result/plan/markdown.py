"""A plan as a page for a pull request, in the Markdown of GitHub.

What comes out of SQL, of revisions and of rules is somebody's text: it is shown as it is, and
makes no markup, no HTML and no mention of a user.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sst.cli.result.findings.text import words_of
from sst.cli.result.plan.notes import rehearsal_note, verdict_note
from sst.cli.result.plan.placed import placed
from sst.cli.result.plan.screen import level_of
from sst.cli.result.plan.summary import summary_of
from sst.cli.result.plan.words import effect, strongest_lock, time_of
from sst.cli.result.revisions import where
from sst.migrator.lint.reasons import rows_in_the_way
from sst.redaction.redact import visible
from sst.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sst.cli.result.plan.placed import Placed
    from sst.hooks.contract.plan.finding import Finding
    from sst.migrator.values.report import Report, RevisionState
    from sst.runtime import Runtime

MARK = "<!-- sst-plan -->"
"""By which a bot finds its comment again."""
LONGEST = 65_000
"""Characters of a page; GitHub takes 65,536 in a comment."""
_RESERVED = 1_000
"""Of them for the end of the page."""
_LONGEST_SQL = 300
_MARKUP = re.compile(r"([\\`*_\[\]#|~$])")
_HEAD = "| statement | what it does | lock | time |\n| --- | --- | --- | --- |"


def markdown(report: Report, _runtime: Runtime | None = None) -> list[str]:
    """Return the lines of a page on the plan in *report*."""
    head = [MARK, "## Migration plan", ""]
    if not report.revisions:
        return [*head, f"Nothing to do: the database is at {_text(where(report))}."]
    page = _Page(LONGEST - _RESERVED)
    page.add("\n".join([*head, *_opening(report)]))
    for item in report.revisions:
        for part in _revision(report, item):
            page.add(part)
    page.end(_closing(report))
    return page.lines


class _Page:
    """Parts of a page, as many as it has room for; those that are left out are counted."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._left_out = 0
        self.lines: list[str] = []

    def add(self, part: str) -> None:
        """Add *part*, some whole lines, unless one before it had no room."""
        size = len(part) + 1
        if self._left_out or size > self._room:
            self._left_out += 1
            return
        self._room -= size
        self.lines += part.split("\n")

    def end(self, closing: Iterable[str]) -> None:
        """Say what was left out, and add the lines *closing*."""
        if self._left_out:
            left = counted(self._left_out, "row")
            self.lines += ["", f"**{left} of this page left out**: `plan -v` has them all."]
        self.lines += ["", *closing]


def _opening(report: Report) -> Iterator[str]:
    if summary := summary_of(report):
        yield f"**{_text(str(summary))}**"
        yield ""
    if note := verdict_note(report):
        yield f"{_text(note)}."
        yield ""
    for each in report.vetoes:
        yield f"- **refused by {_text(each.plugin)}**: {_text(f'{each.why} {each.hint}')}"


def _closing(report: Report) -> Iterator[str]:
    if report.rehearsal:
        note = rehearsal_note(report.rehearsal)
        yield f"{_text(note[:1].upper() + note[1:])}."
    yield f"Plan {_code(str(report.plan_hash))}"


def _revision(report: Report, item: RevisionState) -> Iterator[str]:
    """Give the parts of one revision: its table row by row, then what is against it."""
    verb = "" if item.state == "pending" else " (to revert)"
    title = f"\n### {_code(item.revision)} {_text(item.description)}{verb}\n"
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
        _code(_cut(statement.sql)),
        _text(effect(statement)),
        strongest_lock(statement),
        _text(time_of(statement.seconds)),
    )
    return f"| {' | '.join(cells)} |"


def _against(one: Placed) -> Iterator[str]:
    for probe in one.probes:
        if probe.violations != 0:
            place = _code(f"{probe.file}:{probe.line}")
            yield f"\n- **rows** {_text(rows_in_the_way(probe))} ({place})"
    for finding in one.findings:
        yield _finding(finding)


def _finding(finding: Finding) -> str:
    place = _code(f"{finding.file}:{finding.line}")
    said = _text(words_of(finding))
    line = f"\n- **{level_of(finding)}** {_code(finding.rule)}: {said} ({place})"
    if finding.accepted or not finding.instead:
        return line
    return f"{line}\n\n{_fenced(finding.instead)}"


def _fenced(code: str) -> str:
    """Return *code* in a block whose fence is longer than every run of backticks in it."""
    fence = "`" * max(3, _longest_run(code) + 1)
    shown = "\n".join(f"  {line}".rstrip() for line in visible(code).splitlines())
    return f"  {fence}python\n{shown}\n  {fence}"


def _code(text: str) -> str:
    """Return *text* as a span of code that may stand in a table."""
    text = " ".join(visible(text).split()).replace("|", "\\|")
    if not text:
        return ""
    ticks = "`" * (_longest_run(text) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{blank}{text}{blank}{ticks}"


def _text(text: str) -> str:
    """Return *text* as nothing but text: no markup, no HTML, no mention."""
    text = " ".join(visible(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", text).replace("@", "@<!-- -->")


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _cut(sql: str) -> str:
    return sql if len(sql) <= _LONGEST_SQL else f"{sql[:_LONGEST_SQL]}..."
