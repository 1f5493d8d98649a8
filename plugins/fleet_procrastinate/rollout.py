"""One rollout in the queue's tables, as its engine sees it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from . import statements
from .database import app_for_call, telling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from procrastinate import App

    from sst.hooks import DatabaseUrl, Job

TASK = "sst_fleet.work"


class QueuedRollout:
    """A row of the table `rollout`, its jobs and its results.

    Each method raises `procrastinate.exceptions.ConnectorException` when the queue is away.
    """

    def __init__(self, url: DatabaseUrl, queue: str, dead_after: float) -> None:
        self.url, self.queue = url, queue
        self.id = str(uuid4())
        self._given: dict[str, Any] = {
            "rollout": self.id,
            "queue": queue,
            "dead_after": dead_after,
        }
        self._app: App = app_for_call(url)

    def begin(self, command: str) -> None:
        """Write that *command* has begun; what dead calls have left is removed."""
        with telling(self.url):
            self._app.open()
            self._run(statements.FORGET_DEAD_ROLLOUTS)
            self._run(statements.FORGET_JOBS_OF_NOBODY)
            who = {"command": command, "host": socket.gethostname(), "pid": os.getpid()}
            self._run(statements.BEGIN_ROLLOUT, **who)

    def queue_jobs(self, jobs: Mapping[int, Job]) -> None:
        """Queue *jobs*, by their serial numbers; two of one target never run at once."""
        from procrastinate.jobs import Job as Queued

        queued = [
            Queued(
                queue=self.queue,
                lock=f"{self.queue}/{job.target.name}",
                queueing_lock=None,
                task_name=TASK,
                task_kwargs=self._words_of(serial, job),
            )
            for serial, job in jobs.items()
        ]
        self._app.job_manager.batch_defer_jobs(jobs=queued)

    def count_what_is_queued(self) -> None:
        """Let the server know how many there are, so that a worker takes one in no time."""
        self._run(statements.COUNT_WHAT_IS_QUEUED)

    def _words_of(self, serial: int, job: Job) -> dict[str, Any]:
        """Return what a worker is told: no URL, no setting, no secret."""
        return {
            "rollout": self.id,
            "serial": serial,
            "target": job.target.name,
            "words": [*job.work.words],
            "heads": [*job.work.heads],
            "is_look": job.work.is_look,
            "attempt": job.attempt,
        }

    def results(self) -> Sequence[Mapping[str, Any]]:
        """Take the results that workers have stored."""
        return self._rows(statements.TAKE_RESULTS)

    def live(self) -> set[int]:
        """Return the serial numbers of the jobs that wait or are at work."""
        return {row["serial"] for row in self._rows(statements.LIVE_SERIALS)}

    def withdraw(self) -> set[int]:
        """Take back what nobody has begun; return the serial numbers."""
        return {row["serial"] for row in self._rows(statements.WITHDRAW)}

    def ask_to_end(self) -> None:
        """Ask the workers to end what they are at, in order."""
        self._run(statements.ASK_TO_END)

    def seen(self, *, queued: int, ended: int, failed: int) -> int:
        """Show that the call lives; return how many workers do."""
        self._run(statements.SEEN_ROLLOUT, queued=queued, ended=ended, failed=failed)
        [row] = self._rows(statements.LIVE_WORKERS)
        return int(row["workers"])

    def give_back(self) -> None:
        """Queue again what dead workers had."""
        self._run(statements.GIVE_BACK_STALLED)
        self._run(statements.DROP_STALLED)

    def end(self) -> None:
        """Remove everything of the rollout that is not at work."""
        self.withdraw()
        self._run(statements.END_ROLLOUT)

    def close(self) -> None:
        """Close the connection."""
        self._app.close()

    def _run(self, statement: Any, **more: Any) -> None:  # noqa: ANN401 - a literal, to procrastinate
        self._app.connector.execute_query(statement, **self._given, **more)

    def _rows(self, statement: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the same
        return self._app.connector.execute_query_all(statement, **self._given)
