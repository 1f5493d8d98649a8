"""The findings on one revision, with what its comments accept, and what is wrong with those."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sst.hooks.contract.plan.finding import Finding
from sst.migrator.lint.comments import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.migrator.lint.comments import Comment

WITHOUT_REASON = "accept-without-reason"
MALFORMED = "malformed-accept"
EXPIRED = "expired-accept"
UNUSED = "unused-accept"
RULE_FAILED = "rule-failed"
NOT_JUDGED = "not-judged"
CHANGED = "changed-revision"
_BY_CHANCE = frozenset({RULE_FAILED, NOT_JUDGED, CHANGED})
"""Rules of the core's own: where and since when is judged decides whether they have anything."""


def with_acceptances(
    findings: Sequence[Finding],
    comments: Sequence[Comment],
    file: str,
    *,
    is_whole: bool = True,
    today: date | None = None,
) -> tuple[Finding, ...]:
    """Return *findings* in *file*, those that *comments* accept marked so, in the order of lines.

    A comment without a reason, of another form, past its date or without use is a finding of its
    own; the use is asked for only where the revision was judged to its end, on tables that are
    there, *is_whole*.
    """
    today = today or datetime.now(UTC).date()
    used: set[int] = set()
    answered = [_answered(each, comments, used, today) for each in findings]
    lacking = (
        Finding(rule, what, instead, file=file, line=comment.line)
        for number, comment in enumerate(comments)
        for rule, what, instead in _lacks(
            comment, findings, today, is_used=number in used or not is_whole
        )
    )
    # Several rules of one comment have one fault of its form.
    return tuple(sorted({*answered, *lacking}, key=lambda each: (each.line, each.rule, each.what)))


def _answered(
    finding: Finding, comments: Sequence[Comment], used: set[int], today: date
) -> Finding:
    """Return *finding*, accepted where one of *comments* does; that one is *used*.

    One on the whole revision gets the line of the statement of its comment.
    """
    line = finding.line
    for number, comment in enumerate(comments):
        if comment.rule != finding.rule or not comment.covers(finding.line):
            continue
        used.add(number)
        line = line or comment.lines.start
        if comment.acceptance and not _is_past(comment, today):
            here = finding.line or comment.lines.start
            return replace(finding, line=here, accepted=comment.acceptance)
    return replace(finding, line=line)


def _lacks(
    comment: Comment, findings: Sequence[Finding], today: date, *, is_used: bool
) -> Iterator[tuple[str, str, str]]:
    """Give what is wrong with *comment*: rule, words, and what to write."""
    if not comment.is_of_form:
        yield MALFORMED, "a comment for sst has another form than the one that is read", FORM
    elif comment.acceptance is None:
        what = f"{comment.rule} is accepted without a reason, which counts for nothing"
        yield WITHOUT_REASON, what, f"# sst: accept {comment.rule} because REASON"
    elif _is_past(comment, today):
        yield EXPIRED, f"{comment.rule} was accepted until {comment.acceptance.until}", ""
    elif not is_used and comment.rule not in _BY_CHANCE:
        yield (
            UNUSED,
            f"no rule {comment.rule} has anything against {_where(comment, findings)}",
            "",
        )


def _where(comment: Comment, findings: Sequence[Finding]) -> str:
    """Return what *comment* stands for in words, and the rule that may have been meant."""
    if not comment.lines:
        return "it: the comment belongs on a statement's line, or directly above it"
    there = {each.rule for each in findings if comment.covers(each.line)}
    near = get_close_matches(comment.rule, sorted(there), 1)
    return f"that statement{f': did you mean {near[0]}?' if near else ''}"


def _is_past(comment: Comment, today: date) -> bool:
    until = comment.acceptance.until if comment.acceptance else None
    return until is not None and until < today
