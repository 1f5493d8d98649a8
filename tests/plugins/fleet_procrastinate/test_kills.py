"""Whatever is killed of workers of a queue: no database is lost, and no revision runs twice."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.plugins.fleet_procrastinate.conftest import kill_machine, make_fleet, processes_of
from tests.support.forks import Running, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugins.fleet_procrastinate.conftest import Fleet
    from tests.support.project import Project

KILLS = int(os.environ.get("FLEET_KILLS", "4"))
"""More of them by hand, as of `tests/integration/fleet/test_kills.py`: `FLEET_KILLS=30`."""
INSERTS = "op.execute(\"insert into work select '{0}' from pg_sleep(0.3)\")"
WORKED = "select revision from work order by 1"
STEPS = """
    select revision, count(*) filter (where outcome = 'applied') <= 1
      and bool_or(outcome in ('applied', 'interrupted'))
    from migrator.step group by 1 order by 1
"""
"""A kill between a commit and its record leaves `interrupted`: the version table says the rest."""


def test_killed_workers_lose_no_database_and_none_runs_twice(
    project: Project, make_database: Callable[[], str]
) -> None:
    project.revision("one", "op.execute('create table work (revision text)')")
    for name in ("two", "three"):
        project.revision(name, INSERTS.format(name))
    targets = {f"t{number}": make_database() for number in range(KILLS + 2)}
    fleet = make_fleet(project, targets, make_database())
    workers = [fleet.worker(), fleet.worker()]
    call = fleet.start("upgrade")
    chance = random.Random(KILLS)  # noqa: S311 - of no secret
    kills: list[str] = []

    while len(kills) < KILLS and not call.has_ended:
        await_work(fleet, call)
        time.sleep(chance.uniform(0.0, 0.5))
        number = chance.randrange(2)
        kills.append(kill_one(workers[number], chance))
        if workers[number].has_ended:
            workers[number] = fleet.worker()
        if len(kills) % 3 == 0:
            await_another(fleet, call)
    result = call.finish(600)
    fleet.end()

    assert len(kills) > KILLS // 2
    assert result.exit_code == 0, result.output
    assert result.json["counts"] == {"done": KILLS + 2}
    assert_all_done_once(fleet)


def assert_all_done_once(fleet: Fleet) -> None:
    """Fail unless each revision is in the tables once, and on record, and the queue is empty."""
    for url in fleet.targets.values():
        assert fleet.ask(url, "select version_num from alembic_version") == [("three",)]
        assert fleet.ask(url, WORKED) == [("three",), ("two",)]
        assert fleet.ask(url, STEPS) == [("one", True), ("three", True), ("two", True)]
    tables = ("procrastinate_jobs", "rollout", "result")
    assert [fleet.in_queue(table) for table in tables] == [0, 0, 0]


def kill_one(worker: Running, chance: random.Random) -> str:
    """Kill *worker*, a process of it, or both, as the loss of its machine does."""
    kind = chance.choice(("worker", "process", "machine"))
    if kind == "machine":
        kill_machine(worker)
    elif kind == "process" and (there := processes_of(worker)):
        with suppress(ProcessLookupError):
            os.kill(chance.choice(there), signal.SIGKILL)
        return kind
    else:
        worker.signal(signal.SIGKILL)
    wait_until(lambda: worker.has_ended, "it is gone")
    return kind


def await_work(fleet: Fleet, call: Running) -> None:
    """Wait until a job is at work in a worker that lives."""
    at_work = "select count(*) from procrastinate_jobs where status = 'doing'"
    wait_until(lambda: call.has_ended or fleet.fact(at_work), "a job is at work", 120)


def await_another(fleet: Fleet, call: Running) -> None:
    """Wait until one more is done: processes that die one after the other stop the call."""
    done = at_head(fleet)
    wait_until(lambda: call.has_ended or at_head(fleet) != done, "one more is done", 120)


def at_head(fleet: Fleet) -> int:
    """Return how many databases have all three revisions."""
    return [*fleet.steps().values()].count(3)
