"""The live lines of a moment: the past short, the present visible, one line for each thing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.text import counted, duration_text, span_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sst.hooks.progress import ProgressLine
    from sst.migrator.run.progress import Attempts, Progress
    from sst.migrator.table_locks.blockers import Blocker
    from sst.migrator.values.report import RevisionState

_SHOWN_OF_PAST = 3
_GATES = frozenset(
    {"review_plan", "pre_migrate", "around_migrate", "pre_revision", "in_revision", "post_migrate"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text between *before*, which is never cut, and *after* at the right edge."""

    before: str
    text: str = ""
    after: str = ""
    style: str = ""
    """The colour of *before*."""


def live_lines(progress: Progress | None, at_work: Sequence[ProgressLine]) -> tuple[Line, ...]:
    """Return what a screen shows now of the run *progress* and of the work inside it."""
    run = tuple(_run_lines(progress)) if progress else ()
    indent = "  " if run else ""
    work = (line.parts() for line in at_work)
    return (*run, *(Line(indent + title, how_far, took) for title, how_far, took in work))


def _run_lines(progress: Progress) -> Iterator[Line]:
    if not progress.plan:
        return
    done, plan = progress.committed, progress.plan
    yield Line(_title(progress), after=span_text(progress.seconds), style="bold")
    if before := done[:-_SHOWN_OF_PAST]:
        milliseconds = sum(each.duration_ms or 0 for each in before)
        yield Line(
            f"  {_word(before[0]):8}  {len(before)} more",
            after=duration_text(milliseconds),
            style="green",
        )
    for each in done[-_SHOWN_OF_PAST:]:
        took = duration_text(each.duration_ms)
        yield Line(f"  {_word(each):8}  {each.revision}", each.description, took, "green")
    yield from _present(progress)
    if left := len(plan) - len(done) - (progress.current_step is not None):
        yield Line(f"  {left} to go")


def _word(done: RevisionState) -> str:
    return "applied" if done.state == "applied" else "reverted"


def _title(progress: Progress) -> str:
    revisions = counted(len(progress.plan), "revision")
    return f"{progress.request.direction} to {progress.request.target}: {revisions}"


def _present(progress: Progress) -> Iterator[Line]:
    """Yield what the run is at: a revision, a gate, the checks."""
    step, attempts = progress.current_step, progress.attempts
    if step:
        word = "applying" if step.is_upgrade else "reverting"
        seconds = time.monotonic() - attempts.started
        revision = step.revision
        yield Line(
            f"  {word:8}  {revision.id}", revision.description, span_text(seconds), "yellow"
        )
        yield from _server(attempts)
    if progress.phase in _GATES and progress.asked:
        seconds = time.monotonic() - progress.asked_at
        what = f"  {progress.phase} of plugin {progress.asked}"
        yield Line(what, after=span_text(seconds), style="yellow")
    elif progress.phase == "check":
        yield Line("  checking the database", style="yellow")


def _server(attempts: Attempts) -> Iterator[Line]:
    """Yield what the server says of the revision's statement."""
    if attempts.count > 1 or attempts.next_at:
        yield Line(f"    {_attempt(attempts)}", style="yellow")
    word, blockers = "waits for", attempts.waits_for
    if attempts.next_at:
        word, blockers = "blocked by", attempts.blockers
    for blocker in blockers:
        yield Line(f"    {word}", _described(blocker), style="red")
    if attempts.build:
        yield Line("   ", attempts.build)


def _described(blocker: Blocker) -> str:
    """Return who is in the way, what matters first: a line has no room for all."""
    if not blocker.pid:
        return str(blocker)
    who = blocker.application or f"role {blocker.user}"
    state = f"{blocker.state or 'at work'} for {span_text(blocker.age_seconds)}"
    query = f": {blocker.query}" if blocker.query else ""
    return f"pid {blocker.pid} ({who}, {state}){query}"


def _attempt(attempts: Attempts) -> str:
    if attempts.next_at is None:
        return f"attempt {attempts.count}"
    pause = max(0.0, attempts.next_at - time.monotonic())
    failed = f"attempt {attempts.count} did not get its locks"
    return f"{failed}; next attempt in {span_text(pause + 0.5)}"
