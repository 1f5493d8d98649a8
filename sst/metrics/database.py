"""The families of a database, made of what `status` reports of it.

What is not known is absent: a zero would say that nothing is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks.contract.checks import CheckStatus
from sst.metrics import known
from sst.metrics.exposition import Family, Sample, one, one_hot
from sst.migrator.values.report import CORE
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.health.report import NamedResult
    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.standing.last_runs import LastRuns
    from sst.migrator.standing.standing import Standing
    from sst.migrator.values.report import Report

STATES = ("up_to_date", "pending", "empty", "ahead", "diverged", "interrupted")
"""The states of a schema, as `status --json` spells them."""
OUTCOMES = ("succeeded", "failed", "refused", "unhealthy", "interrupted")
"""The ways in which a run ends."""
_PENDING_UNKNOWN = frozenset({"ahead", "diverged"})
_FOUND = frozenset({CheckStatus.FAIL, CheckStatus.WARN})


def database_families(report: Report, redact: Callable[[str], str]) -> Iterator[Family]:
    """Yield what *report* says; *redact* masks secrets in what the database holds.

    Of a database that could not be read there is one family, which says so.
    """
    standing = report.standing
    yield one(known.READABLE, int(standing is not None))
    if standing is None:
        return
    yield one(known.READ_AT, standing.at.timestamp())
    yield from _schema(report, redact)
    yield from _work(standing)
    yield from _runs(standing.runs)
    yield from _backups(standing)


def _schema(report: Report, redact: Callable[[str], str]) -> Iterator[Family]:
    if report.state:
        yield one_hot(known.STATE, STATES, report.state)
    if report.pending or report.state not in _PENDING_UNKNOWN:
        yield one(known.PENDING, len(report.pending))
    revision, head = redact(listed(report.after)), redact(listed(report.heads))
    yield one(known.REVISIONS, 1, revision, head)
    core = (each for each in report.checks if each.plugin == CORE)
    found = (each for each in core if each.status is not CheckStatus.SKIP)
    yield Family(known.DRIFT, tuple(map(_drift, found)))


def _drift(result: NamedResult) -> Sample:
    count = max(1, len(result.items)) if result.status in _FOUND else 0
    return Sample(count, (result.name,))


def _work(standing: Standing) -> Iterator[Family]:
    running = standing.running
    yield one(known.RUNNING, int(running is not None))
    if running and running.since:
        yield one(known.RUNNING_SINCE, running.since.timestamp())


def _runs(runs: LastRuns) -> Iterator[Family]:
    if runs.last:
        yield one(known.LAST_START, runs.last.started_at.timestamp())
        yield from _end(runs.last)
    if runs.succeeded and runs.succeeded.finished_at:
        yield one(known.LAST_SUCCESS, runs.succeeded.finished_at.timestamp())
    yield one(known.UNRESOLVED, int(runs.unresolved is not None))


def _end(run: RunRecord) -> Iterator[Family]:
    if run.finished_at and run.duration_ms is not None:
        yield one(known.LAST_COMPLETION, run.finished_at.timestamp())
        yield one(known.LAST_DURATION, run.duration_ms / 1000)
    yield one_hot(known.LAST_OUTCOME, OUTCOMES, run.outcome)


def _backups(standing: Standing) -> Iterator[Family]:
    last, proven = standing.last_backup, standing.last_proven_backup
    if last:
        yield one(known.BACKUP_AT, last.at.timestamp())
        yield one(known.BACKUP_SIZE, last.size_bytes)
    if proven:
        yield one(known.BACKUP_PROVEN_AT, proven.at.timestamp())
