"""A few databases, a queue beside them, and workers in processes of their own."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.testing.project.server import connect
from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sst.testing import Outcome
    from sst.testing.project.processes import Running
    from tests.support.project import Project

PASSWORD = "Zq9-canary-7Xw"
STALLED_AFTER = 4
ALL_DONE = dict.fromkeys("abcd", "done")
ONCE = dict.fromkeys("abcd", 1)
GATED = """
conn = op.get_bind()
name = conn.exec_driver_sql("select current_database()").scalar()
open(f"begun-{name}", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
op.execute("create table once (id int)")
"""
"""A revision that says that it is at work, and waits until the test makes the file `go`."""


@dataclass
class Fleet:
    """A project with targets by their names, and a queue."""

    project: Project
    targets: dict[str, str]
    queue_url: str
    workers: list[Running] = field(default_factory=list)

    def start(self, *words: str, **environment: str) -> Running:
        """Start a call that queues."""
        engine = ("--engine", "fleet_procrastinate", "--json")
        return self.project.start(*words, "--all", *engine, **environment)

    def worker(self, parallel: int = 1, **environment: str) -> Running:
        """Start a worker."""
        words = ("fleet", "worker", "--parallel", str(parallel))
        self.workers.append(self.project.start(*words, **environment))
        return self.workers[-1]

    def go(self) -> None:
        """Let the revisions that wait go on, and those to come."""
        (self.project.root / "go").touch()

    def begun(self) -> set[Path]:
        """Return the files of databases whose revision has begun."""
        return set(self.project.root.glob("begun-*"))

    def await_begun(self, number: int = 1) -> None:
        """Return when so many revisions have begun."""
        wait_until(lambda: len(self.begun()) >= number, f"{number} revisions at work")

    def ask(self, url: str, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of *sql* on the database at *url*."""
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def fact(self, sql: str) -> object:
        """Return the one value of *sql* on the queue's tables."""
        [(value,)] = self.ask(self.queue_url, f"set search_path to sst_fleet; {sql}")
        return value

    def in_queue(self, table: str) -> int:
        """Return how many rows a table of the queue has."""
        [(count,)] = self.ask(self.queue_url, f"select count(*) from sst_fleet.{table}")  # noqa: S608 - ours
        return int(str(count))

    def steps(self) -> dict[str, int]:
        """Return how often a revision has been applied, by target, as its own record has it."""
        return {name: self._steps_of(url) for name, url in self.targets.items()}

    def _steps_of(self, url: str) -> int:
        if self.ask(url, "select to_regclass('migrator.step')") == [(None,)]:
            return 0
        return len(self.ask(url, "select from migrator.step where outcome = 'applied'"))

    def end(self) -> None:
        """End the workers, and what a killed one has left at work."""
        self.go()
        for worker in self.workers:
            if not worker.has_ended:
                worker.signal(signal.SIGTERM)
        for worker in self.workers:
            worker.finish()


def kill_machine(worker: Running) -> None:
    """Kill *worker* and its processes, as the loss of its machine does."""
    for pid in [worker.pid, *processes_of(worker)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes_of(worker: Running) -> list[int]:
    """Return the processes in which *worker* works on databases."""
    return [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if _parent_of(stat) == worker.pid
    ]


def _parent_of(stat: Path) -> int:
    with suppress(OSError):
        return int(stat.read_text().rpartition(")")[2].split()[1])
    return 0


@pytest.fixture
def fleet(project: Project, make_database: Callable[[], str]) -> Iterator[Fleet]:
    """Return four databases with one revision to come, and a queue that is set up."""
    project.revision("one", GATED)
    found = make_fleet(project, {name: make_database() for name in "abcd"}, make_database())
    yield found
    found.end()


def make_fleet(project: Project, targets: dict[str, str], queue: str) -> Fleet:
    """List *targets* in *project*, and make the queue in the database at *queue*."""
    text = "".join(
        f"[{name}]\nurl = {json.dumps(with_password(url))}\n" for name, url in targets.items()
    )
    (project.root / "targets.toml").write_text(text, encoding="utf-8")
    project.environment |= {
        "MIGRATE__TARGETS__FILE": "targets.toml",
        "PLUGINS__FLEET_PROCRASTINATE__URL": with_password(queue),
        "PLUGINS__FLEET_PROCRASTINATE__HEARTBEAT_SECONDS": "1",
        "PLUGINS__FLEET_PROCRASTINATE__STALLED_AFTER_SECONDS": str(STALLED_AFTER),
    }
    project.enable("fleet_procrastinate")
    assert project.migrate("fleet", "setup").exit_code == 0
    return Fleet(project, targets, queue)


def with_password(url: str) -> str:
    """Return *url* with a password that must never be seen; the server asks for none."""
    return f"{url}{'&' if '?' in url else '?'}password={PASSWORD}"


def done(result: Outcome) -> dict[str, str]:
    """Return the states by target."""
    return {name: each["state"] for name, each in result.json["targets"].items()}
