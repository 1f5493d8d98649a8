"""`upgrade --all` on many databases, beside one process of `alembic` for each of them.

The databases are copies of one: 40 in a quick call, where the start of the processes is most of
it, else 500. The other rows are of the rollout alone, with an engine that does nothing.
"""

from __future__ import annotations

import csv
import statistics
import time
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.table.place import WITHOUT_BACKUP, revision_id
from bench.table.rows import Result, Row
from bench.table.turns import Command, run
from sst.config.sources.target import Target
from sst.fleet.rollout import Limits, Rollout
from sst.hooks.contract.fleet.jobs import Work, packed_report
from sst.testing.values.fakes import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.table.place import Place
    from sst.hooks.contract.fleet.jobs import Answer

_REVISIONS = 10
_MANY, _FEW = 500, 40
_QUEUED = 10_000
_TURNS = 5
_OF_EACH = "processor time for each database"
_NOTHING = Row(
    "fleet-nothing",
    f"`upgrade --all --resume` with nothing to do, {_OF_EACH}",
    "`alembic current`",
    0.1,
    on_request=True,
)
_UPGRADE = Row(
    "fleet-upgrade",
    f"`upgrade --all` of one revision, {_OF_EACH}",
    "`alembic upgrade head`",
    0.25,
    on_request=True,
)
_SECONDS = Row("fleet-queue", f"{_QUEUED} targets begun and answered, wall", "", 10, "s")
_MEMORY = Row("fleet-memory", "memory of the call for each target", "", 2000, "bytes")
ROWS: tuple[Row, ...] = (_UPGRADE, _NOTHING, _SECONDS, _MEMORY)
_REPORT = '{"before": "one", "after": "two", "database": "%s", "run_id": "%s", "heads": ["two"]}'


def measure(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Measure *rows*: the upgrade first, which leaves databases with nothing to do."""
    if _UPGRADE in rows or _NOTHING in rows:
        yield from _on_databases(place, rows)
    if _SECONDS in rows:
        began = time.perf_counter()
        _rolled_out()
        taken = time.perf_counter() - began
        yield Result(_SECONDS, value=taken, ours=taken)
    if _MEMORY in rows:
        taken = _bytes_for_each()
        yield Result(_MEMORY, value=taken, ours=taken)


def _on_databases(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    number = _FEW if place.is_quick else _MANY
    is_upgraded = _UPGRADE in rows
    template = place.database()
    start = revision_id(_REVISIONS - 1) if is_upgraded else "head"
    run(place.ours(_REVISIONS, template, "upgrade", start, *WITHOUT_BACKUP))
    urls = [place.database(template) for _ in range(number)]
    command = _on_all(place, urls, "--all")
    if is_upgraded:
        theirs = [
            place.alembic(_REVISIONS, place.database(template), "upgrade", "head")
            for _ in range(_TURNS)
        ]
        yield _compared(_UPGRADE, command, theirs, number)
    if _NOTHING in rows:
        theirs = [place.alembic(_REVISIONS, urls[0], "current")] * _TURNS
        resumed = replace(command, words=(*command.words, "--resume"))
        yield _compared(_NOTHING, resumed, theirs, number)


def _on_all(place: Place, urls: Sequence[str], *words: str) -> Command:
    path = place.folder / "targets.csv"
    path.touch(mode=0o600)  # a URL may hold a password
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "url"])
        rows.writerows((f"t{number:04}", url) for number, url in enumerate(urls))
    listed = {"MIGRATE__TARGETS__FILE": str(path)}
    command = place.ours(_REVISIONS, urls[0], "upgrade", *words, *WITHOUT_BACKUP)
    return replace(command, environment={**command.environment, **listed})


def _compared(row: Row, ours: Command, theirs: Sequence[Command], number: int) -> Result:
    """Return what *ours* takes for each of *number* databases, to the median of *theirs*."""
    before = [run(each).processor for each in theirs[: _TURNS // 2]]
    took = run(ours)
    after = [run(each).processor for each in theirs[_TURNS // 2 :]]
    other = statistics.median([*before, *after])
    each = took.processor / number
    note = f"{number} databases in {took.wall:.1f} s"
    return Result(row, value=each / other, ours=each, theirs=other, note=note)


def _rolled_out() -> Rollout:
    targets = [
        Target(f"t{number}", f"postgresql://o@server{number % 50}.example/t{number}")
        for number in range(_QUEUED)
    ]
    rollout = Rollout([targets], Work(("upgrade",)), _Reporting(), Limits(4), lambda *_: None)
    rollout.run()
    return rollout


class _Reporting(FakeEngine):
    """An engine that answers at once, with a report as long as one of an upgrade."""

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Return what has not been returned yet; the jobs are not kept."""
        found = super().answers(timeout_seconds)
        self.jobs.clear()
        return [replace(each, report=_report_of(each)) for each in found]


def _report_of(answer: Answer) -> bytes:
    return packed_report(_REPORT % (answer.job.target.url, answer.job.target.name))


def _bytes_for_each() -> float:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        rollout = _rolled_out()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / len(rollout.outcomes)
