"""The engine of `--engine fleet_procrastinate`: it queues, and waits for what workers say."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from procrastinate.exceptions import ConnectorException

from sst.hooks import Answer, TemporaryError

from .database import unreachable
from .rollout import QueuedRollout
from .schema import require_schema
from .settings import time_to_show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from sst.hooks import FleetCall, Job

    from .settings import Config

logger = logging.getLogger("sst.fleet")

_AS_MANY_AS_THERE_ARE = 1_000_000
_BATCH = 1000
_BULK = 100
"""So many change which plan is the right one."""
_MOST_BETWEEN_LOOKS_SECONDS = 2.0
_GO_ON = "try again when it does, with --resume; databases keep their own record"
_IMPATIENT = 2
"""The signal with which the call leaves the databases to the workers."""


class QueueEngine:
    """Queues jobs for workers elsewhere; *most* of them at once, where the call says so."""

    def __init__(self, rollout: QueuedRollout, config: Config, most: int | None) -> None:
        self._rollout, self._config = rollout, config
        self._most = most or _AS_MANY_AS_THERE_ARE
        self._serials = count(1)
        self._jobs: dict[int, Job] = {}
        """What is not answered yet, by serial number."""
        self._unsent: dict[int, Job] = {}
        self._ended = self._failed = 0
        self._signals = 0
        self._is_withdrawn = False
        self._tended_at = 0.0
        self._worker_at = self._answered_at = time.monotonic()
        """When a worker was last there, and when the queue has last answered."""
        self._away_at = float("-inf")
        """When the queue has last not answered."""
        self._has_told = False
        self._lonely: TemporaryError | None = None
        """What ends the call, because no worker has come."""
        self._ready: list[Answer] = []
        """Answers that are not given yet: the queue may go away while they are read."""

    @classmethod
    def of(cls, config: Config, call: FleetCall) -> Self:
        """Return the engine for *call*, with a rollout in the queue.

        Raises `ConfigError` without a queue, `DatabaseUnreachableError` when it is away.
        """
        url = config.database()
        require_schema(url)
        queue = config.queue_of(call.environment)
        rollout = QueuedRollout(url, queue, config.stalled_after_seconds)
        rollout.begin(call.command)
        return cls(rollout, config, call.most)

    @property
    def free(self) -> int:
        """How many more jobs it takes now."""
        return 0 if self._lonely else self._most - len(self._jobs)

    def begin(self, job: Job) -> None:
        """Take *job*; jobs are sent in batches, with the next look for answers."""
        serial = next(self._serials)
        self._jobs[serial] = self._unsent[serial] = job

    def answers(self, timeout_seconds: float) -> Sequence[Answer]:
        """Return the answers that are there; wait so long where there are none.

        Raises `TemporaryError` when no worker comes, or the queue is away for too long.
        """
        self._gather()
        found, self._ready = self._ready, []
        if self._lonely and not found:
            raise self._lonely
        if not found:
            time.sleep(timeout_seconds)
        for answer in found:
            self._ended += 1
            self._failed += bool(answer.exit_code)
        return found

    def withdraw(self) -> None:
        """Give back what nobody has begun, with the next answers."""
        self._is_withdrawn = True

    def interrupt(self, signal_number: int) -> None:
        """Withdraw, and ask the workers to end; a second time leave it to them."""
        del signal_number
        self._signals += 1
        self._is_withdrawn = True

    def close(self) -> None:
        """Remove what is left of the rollout; a queue that is away is left as it is."""
        with suppress(ConnectorException):
            self._rollout.end()
        self._rollout.close()

    def _gather(self) -> None:
        try:
            for answer in self._look():
                self._ready.append(answer)
            self._answered_at = time.monotonic()
        except ConnectorException as error:
            self._away_at = time.monotonic()
            is_over = self._is_over(self._answered_at, self._config.stalled_after_seconds)
            if is_over or self._signals >= _IMPATIENT:
                raise unreachable(self._rollout.url, error, _GO_ON) from error

    def _look(self) -> Iterator[Answer]:
        is_due = self._is_over(self._tended_at, self._pause_seconds)
        if is_due:
            self._tend()
        self._send()
        if self._is_withdrawn:
            yield from self._given_back()
        live = self._rollout.live() if is_due else self._jobs.keys()
        yield from self._stored()
        # A worker stores its result before the job is gone: these have none.
        for serial in [each for each in self._jobs if each not in live]:
            yield Answer(self._jobs.pop(serial), None)

    @property
    def _pause_seconds(self) -> float:
        return min(self._config.heartbeat_seconds, _MOST_BETWEEN_LOOKS_SECONDS)

    def _tend(self) -> None:
        """Show that the call lives, and look for workers."""
        workers = self._rollout.seen(
            queued=len(self._jobs), ended=self._ended, failed=self._failed
        )
        self._tended_at = time.monotonic()
        if self._is_over(self._away_at, time_to_show(self._config)):
            self._rollout.give_back()
        if workers or not self._jobs:
            self._worker_at = self._tended_at
            return
        queue, seconds = self._rollout.queue, self._config.worker_wait_seconds
        if not self._has_told:
            self._has_told = True
            logger.warning("no worker is there for the queue %s; waiting %g s", queue, seconds)
        if self._is_over(self._worker_at, seconds):
            self._is_withdrawn = True
            self._lonely = TemporaryError(
                what=f"No worker takes the jobs of the queue {queue}.",
                why=f"none has been there for {seconds:g} s",
                next_step="start some: `python migrate.py fleet worker`, then use --resume",
            )

    def _send(self) -> None:
        is_bulk = len(self._unsent) >= _BULK
        while self._unsent:
            batch = {serial: self._unsent[serial] for serial in [*self._unsent][:_BATCH]}
            self._rollout.queue_jobs(batch)
            for serial in batch:
                del self._unsent[serial]
        if is_bulk:
            self._rollout.count_what_is_queued()

    def _given_back(self) -> Iterator[Answer]:
        for serial in self._rollout.withdraw():
            if job := self._jobs.pop(serial, None):
                yield Answer(job, None, is_skipped=True)
        if self._signals:
            self._rollout.ask_to_end()
        if self._signals >= _IMPATIENT:
            while self._jobs:
                yield Answer(self._jobs.popitem()[1], None)

    def _stored(self) -> Iterator[Answer]:
        for row in self._rollout.results():
            said = dict(row)
            job = self._jobs.pop(said.pop("serial"), None)
            if job:
                yield Answer(job, **said)

    @staticmethod
    def _is_over(since: float, seconds: float) -> bool:
        return time.monotonic() - since >= seconds
