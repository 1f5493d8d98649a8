"""The SQL of a revision with what each statement does, as comments on lines of their own.

A statement is marked only where the preview and the rehearsal have the same text, in the same
order: no comment is better than a wrong one.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from sst.cli.result.findings.text import level_of, words_of
from sst.cli.result.plan.placed import placed
from sst.db.sql_tokens import statement_spans
from sst.migrator.lint.reasons import rows_in_the_way
from sst.migrator.rehearsal.words import effect, time_of
from sst.redaction.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.cli.result.plan.placed import Placed
    from sst.migrator.rehearsal.rehearsal import Rehearsal


def marked(sql: str, rehearsal: Rehearsal | None, revision: str) -> str:
    """Return *sql* of *revision* with comments of what *rehearsal* has seen of its statements."""
    spans = list(statement_spans(sql))
    seen = [each for each in placed(rehearsal, revision) if each.statement]
    shown = [_as_one_line(sql[start:end]) for start, end in spans]
    ran = [_as_one_line(each.statement.sql) for each in seen if each.statement]
    pieces, position = [], 0
    for block in SequenceMatcher(None, shown, ran, autojunk=False).get_matching_blocks():
        for number in range(block.size):
            start = spans[block.a + number][0]
            pieces += [sql[position:start], *_comments(seen[block.b + number], sql[:start])]
            position = start
    return "".join([*pieces, sql[position:]])


def _comments(one: Placed, before: str) -> Iterator[str]:
    """Give the comments on *one*, the first on a line of its own behind the text *before*."""
    if before and not before.endswith("\n"):
        yield "\n"
    for words in _words(one):
        # A line's end of any kind would end the comment.
        yield f"-- {visible(' '.join(words.split()))}\n"


def _words(one: Placed) -> Iterator[str]:
    if one.statement:
        yield ", ".join(filter(None, [effect(one.statement), time_of(one.statement.seconds)]))
    for probe in one.probes:
        if probe.violations != 0:
            yield rows_in_the_way(probe)
    for finding in one.findings:
        yield f"{level_of(finding)} {finding.rule}: {words_of(finding)}"


def _as_one_line(sql: str) -> str:
    return " ".join(sql.split()).rstrip("; ")
