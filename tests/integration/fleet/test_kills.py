"""Whatever is killed, and whenever a signal comes: no database is lost, and none done twice."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import Running, wait_until
from tests.support.many import ONE_AFTER_THE_OTHER, ManyDatabases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Project

KILLS = int(os.environ.get("FLEET_KILLS", "6"))
"""More of them by hand: `FLEET_KILLS=30 pytest tests/integration/fleet/test_kills.py`."""
INSERTS = "op.execute(\"insert into work select '{0}' from pg_sleep(0.1)\")"
LEAVES_LATE = """
import atexit, pathlib, time

def leave():
    here = pathlib.Path(__file__).parent
    here.joinpath("leaving").touch()
    for _ in range(3000):
        if here.joinpath("leave").exists():
            break
        time.sleep(0.01)

atexit.register(leave)
"""
"""Keeps a process of the fleet from its end until a file is there."""
SLEEPS = "op.execute('select pg_sleep(600)')"
ASLEEP = """
    select 1 from pg_stat_activity
    where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()
"""


@pytest.fixture
def counted(project: Project) -> Project:
    """Return *project* with revisions that note in a table that they have run."""
    project.revision("one", "op.execute('create table work (revision text)')")
    for name in ("two", "three"):
        project.revision(name, INSERTS.format(name))
    return project


def workers_of(pid: int) -> list[int]:
    """Return the processes that the process *pid* has started."""
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def is_at_work(pid: int) -> bool:
    """Say whether the process *pid* is there, and not merely unburied."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def at_head(many: ManyDatabases) -> int:
    """Return how many databases are at the head."""
    return [*many.revisions().values()].count("three")


def await_another(many: ManyDatabases, running: Running) -> None:
    """Wait until one more is done: processes that die one after the other stop the call."""
    done = at_head(many)
    wait_until(lambda: running.has_ended or at_head(many) != done, "one is done", 120)


def are_asleep(many: ManyDatabases, *names: str) -> bool:
    """Say whether the revision that sleeps is at work on all databases of *names*."""
    return all(many.query(name, ASLEEP) for name in names)


def assert_all_done_once(many: ManyDatabases) -> None:
    """Fail unless each database is at the head, and each revision has run there once."""
    assert set(many.revisions().values()) == {"three"}
    noted = [many.query(name, "select revision from work order by 1") for name in many.names]
    assert noted == [[("three",), ("two",)]] * len(many.names)


def test_killed_workers_lose_no_database_and_none_runs_twice(
    counted: Project, make_database: Callable[[], str]
) -> None:
    many = ManyDatabases.create(counted, make_database, KILLS + 2)
    running = counted.start("upgrade", "--all", "--parallel", "2", "--json")
    kills, chance = 0, random.Random(KILLS)  # noqa: S311 - of no secret

    while kills < KILLS and not running.has_ended:
        time.sleep(chance.uniform(0.0, 1.0))
        if there := [pid for pid in workers_of(running.pid) if is_at_work(pid)]:
            os.kill(chance.choice(there), signal.SIGKILL)
            kills += 1
            if kills % 3 == 0:
                await_another(many, running)
    result = running.finish(600)

    assert kills > KILLS // 2
    assert result.exit_code == 0, result.output
    assert result.json["counts"] == {"done": KILLS + 2}
    assert_all_done_once(many)


def test_killed_call_is_resumed_where_it_was(
    counted: Project, make_database: Callable[[], str]
) -> None:
    many = ManyDatabases.create(counted, make_database, 4)
    running = counted.start("upgrade", "--all", *ONE_AFTER_THE_OTHER)
    wait_until(lambda: many.revision_of("t0") == "three", "the first is done", 120)
    workers = workers_of(running.pid)
    running.signal(signal.SIGKILL)
    wait_until(lambda: running.has_ended, "it is gone")
    wait_until(lambda: not any(map(is_at_work, workers)), "what it has started ends", 120)
    runs = many.runs()

    result = counted.migrate("upgrade", "--all", "--resume", *ONE_AFTER_THE_OTHER, "--json")

    assert result.exit_code == 0, result.output
    assert_all_done_once(many)
    assert result.json["targets"]["t0"]["state"] == "unchanged"
    assert many.runs()["t0"] == runs["t0"] == 1
    assert workers


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_all_in_order_and_names_what_was_not_begun(
    project: Project, make_database: Callable[[], str], number: signal.Signals, code: int
) -> None:
    project.revision("one", SLEEPS)
    many = ManyDatabases.create(project, make_database, 4)
    running = project.start("upgrade", "--all", "--parallel", "2", "--json")
    wait_until(lambda: are_asleep(many, "t0", "t1"), "both are at work", 120)

    running.signal(number)
    result = running.finish()

    assert result.exit_code == code
    assert result.json["counts"] == {"failed": 2, "skipped": 2}
    assert "0 targets done, 2 failed, 2 targets not begun" in result.json["error"]["message"]
    ended = {name: each["exit_code"] for name, each in result.json["targets"].items()}
    assert ended == {"t0": code, "t1": code, "t2": None, "t3": None}
    outcomes = [many.query(name, "select outcome from migrator.run") for name in ("t0", "t1")]
    assert outcomes == [[("interrupted",)]] * 2
    assert not many.query("t0", ASLEEP)
    assert (many.runs()["t2"], many.runs()["t3"]) == (0, 0)


def test_signal_while_processes_start_loses_nothing(
    counted: Project, make_database: Callable[[], str]
) -> None:
    many = ManyDatabases.create(counted, make_database, 3)
    running = counted.start("upgrade", "--all", "--parallel", "2", "--json")
    wait_until(lambda: workers_of(running.pid), "a process is made", 120)

    running.signal(signal.SIGTERM)
    result = running.finish()

    assert result.exit_code == 143, result.output
    assert "lost" not in result.json["counts"]
    assert result.json["counts"]["skipped"] >= 1
    assert many.revision_of("t2") is None


def test_signal_to_a_process_alone_ends_its_run_and_no_other(
    project: Project, make_database: Callable[[], str]
) -> None:
    """A supervisor may stop one of them: the others go on, in another process if need be."""
    project.revision(
        "one",
        "op.execute(\"select pg_sleep(case when to_regclass('slow') is null "
        'then 0 else 600 end)")',
    )
    many = ManyDatabases.create(project, make_database, 3)
    many.query("t0", "create table slow (id int)")
    words = ("--max-failures", "1", "--json")
    running = project.start("upgrade", "--all", *ONE_AFTER_THE_OTHER, *words)
    wait_until(lambda: many.query("t0", ASLEEP), "the first is at work", 120)

    os.kill(workers_of(running.pid)[0], signal.SIGTERM)
    result = running.finish()

    assert result.exit_code == 1, result.output
    assert result.json["counts"] == {"done": 2, "failed": 1}
    assert result.json["targets"]["t0"]["exit_code"] == 143


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_while_the_processes_end_does_not_lose_the_report(
    project: Project, make_database: Callable[[], str], number: signal.Signals
) -> None:
    project.revision("one", LEAVES_LATE)
    here = project.root / "alembic" / "versions"
    many = ManyDatabases.create(project, make_database, 2)
    running = project.start("upgrade", "--all", *ONE_AFTER_THE_OTHER, "--json")
    wait_until((here / "leaving").exists, "the process is to end", 120)

    running.signal(number)
    (here / "leave").touch()
    result = running.finish()

    assert result.exit_code == 0, result.output
    assert result.json["counts"] == {"done": 2}
    assert set(many.revisions().values()) == {"one"}


def test_second_signal_names_the_database_in_the_last_words_of_its_process(
    project: Project, make_database: Callable[[], str]
) -> None:
    project.revision("one", SLEEPS)
    many = ManyDatabases.create(project, make_database, 1)
    running = project.start("upgrade", "--all")
    wait_until(lambda: are_asleep(many, "t0"), "it is at work", 120)
    process = workers_of(running.pid)[0]

    os.kill(process, signal.SIGSTOP)
    running.signal(signal.SIGINT)
    running.signal(signal.SIGTERM)
    os.kill(process, signal.SIGCONT)
    result = running.finish()

    assert "t0: Interrupted by" in result.stderr
    assert "migrate.py --target t0 check" in result.stderr
