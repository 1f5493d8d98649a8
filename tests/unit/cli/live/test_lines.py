"""The live lines of a moment: short past, visible present, and what is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sst.bridge import Step
from sst.cli.live.lines import live_lines
from sst.hooks import Direction, ProgressLine
from sst.migrator.run.progress import Progress, Request
from sst.migrator.table_locks.blockers import Blocker
from sst.migrator.values.options import AS_CONFIGURED
from sst.testing import a_revision

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKER = Blocker(7, None, "report", "shop", 12.0, "idle in transaction", "select 1")


def progress_of(count: int, *, done: int = 0) -> Progress:
    """Return a run of *count* revisions, of which *done* are committed in 10 ms each."""
    progress = Progress(Request(Direction.UPGRADE, "head", AS_CONFIGURED))
    revisions = [a_revision(f"r{number}", description=f"D{number}") for number in range(count)]
    progress.plan = tuple(Step(each, (), (each.id,), is_upgrade=True) for each in revisions)
    for step in progress.plan[:done]:
        progress.commit(step, 0.01)
    return progress


def shown(progress: Progress | None, *work: ProgressLine) -> list[str]:
    """Return the lines with their parts joined by single blanks."""
    return [
        " ".join(f"{line.before} {line.text} {line.after}".split())
        for line in live_lines(progress, work)
    ]


def test_nothing_is_shown_before_the_plan_is_known() -> None:
    assert shown(progress_of(0)) == []
    assert shown(None) == []


def test_past_is_short() -> None:
    assert shown(progress_of(7, done=5)) == [
        "upgrade to head: 7 revisions 0 s",
        "applied 2 more 0.02 s",
        "applied r2 D2 0.01 s",
        "applied r3 D3 0.01 s",
        "applied r4 D4 0.01 s",
        "2 to go",
    ]


def waits(progress: Progress) -> None:
    """Let the third attempt wait for another session."""
    progress.attempts.count = 3
    progress.attempts.waits_for = (BLOCKER,)


def pauses(progress: Progress) -> None:
    """Let the first attempt have failed, and the next begin in 4 s."""
    progress.attempts.count = 1
    progress.attempts.blockers = (BLOCKER,)
    progress.attempts.next_at = time.monotonic() + 4


def builds(progress: Progress) -> None:
    """Let the server build an index."""
    progress.attempts.build = "index on site: building index: scanning table, 45 %"


@pytest.mark.parametrize(
    ("happen", "lines"),
    [
        (lambda _: None, []),
        (waits, ["attempt 3", "waits for pid 7 (report, idle in transaction for 12 s): select 1"]),
        (
            pauses,
            [
                "attempt 1 did not get its locks; next attempt in 4 s",
                "blocked by pid 7 (report, idle in transaction for 12 s): select 1",
            ],
        ),
        (builds, ["index on site: building index: scanning table, 45 %"]),
    ],
    ids=["at work", "blocked", "paused", "index"],
)
def test_present_has_its_time_and_what_the_server_says(
    happen: Callable[[Progress], None], lines: list[str]
) -> None:
    progress = progress_of(2)
    progress.phase, progress.current_step = "revision", progress.plan[0]
    happen(progress)

    assert shown(progress)[1:] == ["applying r0 D0 0 s", *lines, "1 to go"]


def test_gate_that_is_asked_and_its_work_are_shown() -> None:
    progress = progress_of(1)
    progress.phase, progress.asked, progress.asked_at = "pre_migrate", "backup", time.monotonic()

    assert shown(progress, ProgressLine("dumping shop"))[1:] == [
        "pre_migrate of plugin backup 0 s",
        "1 to go",
        "dumping shop 0 s",
    ]
