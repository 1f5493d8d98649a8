"""What is in the queue: jobs, workers, and calls that wait for them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sst.hooks import counted, listed, span_text

from .database import SCHEMA, connect, telling
from .schema import require_schema
from .statements import JOBS, ROLLOUTS, WORKERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sst.hooks import DatabaseUrl

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """The queue as it is now."""

    queue: str
    jobs: Mapping[str, Any]
    """How many are `waiting` and `at_work`, and the names of the targets that are `stalled`."""
    workers: list[dict[str, Any]]
    rollouts: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return asdict(self)

    def text(self) -> str:
        """Return the jobs in a line."""
        stalled = self.jobs["stalled"]
        named = f" ({listed(stalled, most=_SHOWN)})" if stalled else ""
        return (
            f"queue {self.queue}: {self.jobs['waiting']} waiting, {self.jobs['at_work']} at work, "
            f"{len(stalled)} stalled{named}"
        )

    def rows(self) -> list[tuple[str, str, str]]:
        """Return a line for each worker and each call that waits."""
        return [*self._worker_rows(), *self._rollout_rows()]

    def _worker_rows(self) -> Iterator[tuple[str, str, str]]:
        if all(each["is_dead"] or each["is_ending"] for each in self.workers):
            yield "workers", "none takes jobs", "start some with fleet worker"
        for each in self.workers:
            yield "worker", f"{each['host']} {each['pid']}", f"{_doing(each)}, {_seen(each)}"

    def _rollout_rows(self) -> Iterator[tuple[str, str, str]]:
        for each in self.rollouts:
            done = f"{each['ended']} ended, {each['failed']} failed, {each['queued']} queued"
            gone = "; it is gone, repeat it with --resume" if each["is_dead"] else ""
            who = f"{each['host']} {each['pid']}"
            yield each["command"], who, f"{done}, {_seen(each)}{gone}"


def standing(url: DatabaseUrl, queue: str, dead_after: float) -> Standing:
    """Return how the *queue* at *url* stands; a worker not seen for *dead_after* s is dead.

    Raises `DatabaseUnreachableError`, and `ConfigError` where there is no queue.
    """
    from psycopg.rows import dict_row

    require_schema(url)
    given = {"queue": queue, "dead_after": dead_after}
    with telling(url), connect(url) as connection:
        connection.execute(f"SET search_path TO {SCHEMA}")
        with connection.cursor(row_factory=dict_row) as cursor:
            [jobs] = cursor.execute(JOBS, given).fetchall()
            workers = cursor.execute(WORKERS, given).fetchall()
            rollouts = cursor.execute(ROLLOUTS, given).fetchall()
    return Standing(queue, jobs, workers, rollouts)


def done_text(jobs: int) -> str:
    """Return what a worker says at its end."""
    return f"{counted(jobs, 'job')} done"


def _doing(worker: Mapping[str, Any]) -> str:
    if worker["is_dead"]:
        return "dead"
    return "takes no more" if worker["is_ending"] else f"{worker['slots']} at once"


def _seen(each: Mapping[str, Any]) -> str:
    return f"seen {span_text(each['seen_seconds'])} ago"
