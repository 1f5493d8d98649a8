"""The queue of `--engine fleet_procrastinate`, beside procrastinate alone with as many jobs.

Alone it has no lock for each target, and its table is analyzed as ours is.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.jobs import Job as Queued
from procrastinate.jobs import Status

from bench.table.rows import NotMeasuredError, Result, Row, ratio
from bench.table.turns import Took, in_turns
from plugins.fleet_procrastinate.database import app_for_worker
from plugins.fleet_procrastinate.rollout import TASK, QueuedRollout
from plugins.fleet_procrastinate.schema import make_schema
from sst.config.sources.target import Target
from sst.db.url import DatabaseUrl
from sst.hooks.contract.fleet.jobs import Job, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.table.place import Place

_QUEUED, _BATCH, _TAKEN = 10_000, 1000, 20
_TURNS = 5
_QUEUE = "bench"
_ALONE = "procrastinate alone"
_QUEUING = Row("fleet-defer", f"{_QUEUED} targets queued for workers, wall", _ALONE, 1.5)
_TAKING = Row("fleet-take", f"a worker takes one of {_QUEUED} jobs, wall", _ALONE, 1.5)
ROWS: tuple[Row, ...] = (_QUEUING, _TAKING)


def measure(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Measure *rows*: jobs are queued, and the last ones are there to be taken."""
    if not rows:
        return
    try:
        with closing(_Ours(place.database())) as ours, closing(_Alone(place.database())) as alone:
            yield from _compared(ours, alone, place.turns(_TURNS), rows)
    except psycopg.Error as error:
        raise NotMeasuredError(str(error).partition("\n")[0]) from error


def _compared(ours: _Ours, alone: _Alone, turns: int, rows: Sequence[Row]) -> Iterator[Result]:
    queuing = {"ours": ours.queue, "alone": alone.queue}
    figures = in_turns(queuing, turns if _QUEUING in rows else 0)
    if _QUEUING in rows:
        yield ratio(_QUEUING, figures, "ours, wall", "alone, wall")
    if _TAKING in rows:
        taking = {"ours": lambda: _taken(ours.app), "alone": lambda: _taken(alone.app)}
        yield ratio(_TAKING, in_turns(taking, turns), "ours, wall", "alone, wall")


class _Ours:
    """The plugin's queue in the database at *url*."""

    def __init__(self, url: str) -> None:
        self._url = DatabaseUrl(url)
        make_schema(self._url)
        self._rollout = QueuedRollout(self._url, _QUEUE, dead_after=3600)
        self._rollout.begin("upgrade")
        self._work = Work(("upgrade",), heads=("7c15a0e6f2d4",))

    def queue(self) -> Took:
        """Queue all jobs, in place of those that are there."""
        self._rollout.withdraw()
        began = time.perf_counter()
        for numbers in _batches():
            self._rollout.queue_jobs({each: self._job(each) for each in numbers})
        self._rollout.count_what_is_queued()
        return Took(0.0, time.perf_counter() - began)

    def _job(self, number: int) -> Job:
        return Job(Target(f"t{number}", "postgresql://o@server.example/t"), self._work)

    def app(self) -> App:
        """Return procrastinate as a worker has it."""
        return app_for_worker(self._url, is_ending=lambda: True)

    def close(self) -> None:
        """Close the connection."""
        self._rollout.close()


class _Alone:
    """procrastinate in the database at *url*, as its own pages set it up."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._app = App(connector=SyncPsycopgConnector(conninfo=url))
        self._app.open()
        self._app.schema_manager.apply_schema()

    def queue(self) -> Took:
        """Queue all jobs, in place of those that are there."""
        self._app.connector.execute_query("DELETE FROM procrastinate_jobs")
        began = time.perf_counter()
        for numbers in _batches():
            jobs = [self._job({"serial": each, "target": f"t{each}"}) for each in numbers]
            self._app.job_manager.batch_defer_jobs(jobs=jobs)
        self._app.connector.execute_query("ANALYZE procrastinate_jobs")
        return Took(0.0, time.perf_counter() - began)

    @staticmethod
    def _job(words: dict[str, Any]) -> Queued:
        none: dict[str, Any] = {"lock": None, "queueing_lock": None}
        return Queued(queue=_QUEUE, task_name=TASK, task_kwargs=words, **none)

    def app(self) -> App:
        """Return procrastinate as a worker has it."""
        return App(connector=PsycopgConnector(conninfo=self._url))

    def close(self) -> None:
        """Close the connection."""
        self._app.close()


def _batches() -> Iterator[range]:
    for first in range(0, _QUEUED, _BATCH):
        yield range(first, first + _BATCH)


def _taken(make: Callable[[], App]) -> Took:
    """Return what taking one job takes; each that was taken is done, and removed."""
    return Took(0.0, asyncio.run(_seconds_for_one(make())))


async def _seconds_for_one(app: App) -> float:
    spent = 0.0
    async with app.open_async():
        manager = app.job_manager
        worker = await manager.register_worker()
        for _ in range(_TAKEN):
            began = time.perf_counter()
            job = await manager.fetch_job(queues=[_QUEUE], worker_id=worker)
            spent += time.perf_counter() - began
            if job is None:
                raise NotMeasuredError("no job is left in the queue")
            await manager.finish_job(job=job, status=Status.SUCCEEDED, delete_job=True)
    return spent / _TAKEN
