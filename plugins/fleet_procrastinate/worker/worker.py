"""A worker: takes jobs out of the queue, until a signal."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from procrastinate.exceptions import ConnectorException

from sst.hooks import (
    Answer,
    DatabaseUnreachableError,
    Job,
    ProgressLine,
    Work,
    counted,
    first_line,
    span_text,
)

from .. import statements
from ..database import app_for_worker
from ..rollout import TASK
from ..schema import require_schema
from ..settings import time_to_show
from .connector import AGAIN_SECONDS, WaitingConnector
from .given_back import GiveBack, GivenBackError
from .known import Known, unknown, unlisted, unwanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from procrastinate import App, JobContext

    from sst.hooks import DatabaseUrl

    from ..settings import Config
    from .slots import Slots

logger = logging.getLogger("sst.fleet")

_POLL_SECONDS = 2.0
_BY_A_SIGNAL = frozenset({128 + signal.SIGINT, 128 + signal.SIGTERM})
_AWAY = (ConnectorException, DatabaseUnreachableError, psycopg.Error, OSError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker takes its jobs from, and how many at once."""

    url: DatabaseUrl
    queue: str
    many: int


@dataclass(frozen=True, slots=True)
class _Taken:
    """A job that was taken by the *worker* of that number; *stop* asks it to end in order."""

    worker: int
    stop: Event


class Worker:
    """Takes jobs from *place* and works on them in *slots*; *known* says where a target is.

    The first signal lets it take no more and end what it is at; the second one ends the runs in
    order, and gives their jobs back.
    """

    def __init__(self, place: Place, config: Config, known: Known, slots: Slots) -> None:
        self._place, self._config = place, config
        self._known, self._slots = known, slots
        self._id = str(uuid4())
        self._signals = 0
        self._at_work: dict[int, _Taken] = {}
        """What it has taken, by the number of the job."""
        self._line = ProgressLine(f"queue {place.queue}")
        self.done = 0
        """How many jobs have been answered."""

    def run(self) -> None:
        """Work until a signal; a queue that goes away is waited for.

        Raises `ConfigError` when its tables are made anew by another release.
        """
        name, many = self._place.queue, self._place.many
        logger.info("taking jobs of the queue %s, %d at once", name, many)
        self._show_line()
        with self._line:
            asyncio.run(self._run())

    async def _run(self) -> None:
        self._ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        while not self._ending.is_set():
            try:
                await asyncio.to_thread(require_schema, self._place.url)
                await self._work_on_queue()
            except _AWAY as error:
                reason = self._place.url.redact(first_line(error.__cause__ or error))
                logger.warning("the queue does not answer: %s", reason)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), AGAIN_SECONDS)

    def _end(self) -> None:
        self._signals += 1
        self._ending.set()
        at_work = counted(len(self._at_work), "database")
        if self._signals == 1:
            at_work = f"; {at_work} at work, a second signal ends that" if self._at_work else ""
            logger.warning("no more is taken%s", at_work)
            return
        logger.warning("ending the runs in order; %s at work", at_work)
        for each in self._at_work.values():
            each.stop.set()

    async def _work_on_queue(self) -> None:
        app = app_for_worker(self._place.url, self._ending.is_set)
        app.task(name=TASK, retry=GiveBack(), pass_context=True)(self._bound_to(app))
        async with app.open_async():
            tending = asyncio.create_task(self._tend(app))
            try:
                await self._take_jobs(app)
            finally:
                tending.cancel()
                await asyncio.gather(tending, return_exceptions=True)
                await self._run_statement(app, statements.END_WORKER)

    async def _take_jobs(self, app: App) -> None:
        """Return when the first signal has come and nothing is at work, or the queue is away."""
        config = self._config
        taking = asyncio.create_task(
            app.run_worker_async(
                queues=[self._place.queue],
                concurrency=self._place.many,
                install_signal_handlers=False,
                delete_jobs="always",
                fetch_job_polling_interval=_POLL_SECONDS,
                abort_job_polling_interval=_POLL_SECONDS,
                update_heartbeat_interval=config.heartbeat_seconds,
                stalled_worker_timeout=config.stalled_after_seconds,
            )
        )
        ending = asyncio.create_task(self._ending.wait())
        await asyncio.wait({taking, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        # It takes no more then, and ends when what it is at has ended.
        taking.cancel()
        with suppress(asyncio.CancelledError):
            await taking

    async def _tend(self, app: App) -> None:
        """Show that the worker lives, and give back what dead ones had."""
        while True:
            try:
                await self._show(app)
                await self._sweep(app)
            except _AWAY:
                logger.debug("the queue does not answer", exc_info=True)
            await asyncio.sleep(self._config.heartbeat_seconds)

    async def _show(self, app: App) -> None:
        await self._run_statement(app, statements.SEEN_WORKER, is_ending=self._ending.is_set())
        for number in self._numbers():
            # procrastinate stops to do so at the first signal, while its last jobs are at work.
            await app.job_manager.update_heartbeat(number)

    async def _sweep(self, app: App) -> None:
        connector = app.connector
        assert isinstance(connector, WaitingConnector)  # noqa: S101 - `app_for_worker` makes it
        since = asyncio.get_running_loop().time() - connector.away_at
        if since < time_to_show(self._config):
            return
        await self._run_statement(app, statements.FORGET_DEAD_WORKERS)
        for row in await self._rows(app, statements.GIVE_BACK_STALLED):
            logger.warning("%s: its worker is dead, it is queued again", row["target"])
        await self._run_statement(app, statements.DROP_STALLED)
        mine = {"workers": [*self._numbers()], "jobs": [*self._at_work]}
        await self._run_statement(app, statements.GIVE_BACK_UNTAKEN, **mine)

    def _show_line(self) -> None:
        self._line.show(None, f"{self.done} done, {len(self._at_work)} at work")

    def _numbers(self) -> set[int]:
        """Return what this worker is to procrastinate."""
        return {each.worker for each in self._at_work.values()}

    def _bound_to(self, app: App) -> Any:  # noqa: ANN401 - a coroutine function, to procrastinate
        async def work(
            context: JobContext, rollout: str, serial: int, target: str, **what: Any
        ) -> None:
            taken = _Taken(context.job.worker_id or 0, Event())
            self._at_work[context.job.id or 0] = taken
            self._show_line()
            try:
                answer = await self._answer(app, rollout, target, what, taken.stop)
                await self._store(app, rollout, serial, answer)
            finally:
                del self._at_work[context.job.id or 0]
                self._show_line()

        return work

    async def _answer(
        self, app: App, rollout: str, target: str, what: Mapping[str, Any], stop: Event
    ) -> Answer:
        if not await self._is_wanted(app, rollout):
            logger.warning("%s: not begun, its call is gone", target)
            return unwanted(target)
        try:
            found = await asyncio.to_thread(self._known.named, target, rollout)
        except Exception as error:
            logger.exception("%s: the list of targets cannot be read", target)
            return unlisted(target, error)
        if found is None:
            answer = unknown(target)
        else:
            how = Work(what["words"], is_look=what["is_look"], heads=what["heads"])
            answer = await self._done(Job(found, how, what["attempt"]), stop)
        self.done += 1
        said = "no answer" if answer.exit_code is None else f"exit {answer.exit_code}"
        logger.info("%s: %s (%s)", target, said, span_text(answer.seconds))
        return answer

    async def _done(self, job: Job, stop: Event) -> Answer:
        """Return what became of *job*. Raises `GivenBackError` when this worker has to end."""
        running = asyncio.wrap_future(self._slots.start(job, stop))
        try:
            answer = await asyncio.shield(running)
        except asyncio.CancelledError:
            # The call asks for it: the run ends in order, and its answer says how.
            stop.set()
            answer = await running
        is_cut_short = answer.is_skipped or answer.exit_code in _BY_A_SIGNAL
        if self._signals > 1 and is_cut_short:
            raise GivenBackError(job.target.name)
        return answer

    async def _is_wanted(self, app: App, rollout: str) -> bool:
        """Say whether the call of *rollout* lives: without it nobody counts the failures."""
        [row] = await self._rows(app, statements.IS_WANTED, rollout=rollout)
        return bool(row["rollouts"])

    async def _store(self, app: App, rollout: str, serial: int, answer: Answer) -> None:
        """Store *answer* for the call; a queue that is away is waited for, as a dead worker is."""
        clock = asyncio.get_running_loop().time
        end = clock() + self._config.stalled_after_seconds
        values = {
            "exit_code": answer.exit_code,
            "seconds": answer.seconds,
            "is_unchanged": answer.is_unchanged,
            "is_skipped": answer.is_skipped,
            "report": answer.report,
        }
        while True:
            try:
                await self._run_statement(
                    app, statements.STORE_RESULT, rollout=rollout, serial=serial, **values
                )
            except _AWAY:
                if clock() > end:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _run_statement(self, app: App, statement: Any, **more: Any) -> None:  # noqa: ANN401 - a literal, to procrastinate
        await app.connector.execute_query_async(statement, **self._given(), **more)

    async def _rows(self, app: App, statement: Any, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the same
        return await app.connector.execute_query_all_async(statement, **self._given(), **more)

    def _given(self) -> dict[str, Any]:
        return {
            "worker": self._id,
            "queue": self._place.queue,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "slots": self._place.many,
            "dead_after": self._config.stalled_after_seconds,
        }
