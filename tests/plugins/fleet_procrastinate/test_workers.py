"""Workers that end, calls that are many, and lists that differ: each database is done once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from sst.testing import a_target
from tests.plugins.fleet_procrastinate.conftest import ALL_DONE, ONCE, STALLED_AFTER, done
from tests.support.forks import wait_until

if TYPE_CHECKING:
    from tests.plugins.fleet_procrastinate.conftest import Fleet

OLDER = """
    select count(*) from procrastinate_events
    where type = 'started' and at < clock_timestamp() - interval '{0} seconds'
"""
SEEMS_DEAD = """
    select count(*) from rollout where seen_at < now() - interval '{0} seconds'
"""
DIES = """
    with dead as (update procrastinate_jobs set status = 'doing', attempts = {0} returning id)
    select count(*) from dead
"""
WAITING = """
    select count(*) from procrastinate_jobs where status = 'todo' and attempts = {0}
"""
TAKEN_UNHEARD = """
    with taken as (
      update procrastinate_jobs
      set status = 'doing', worker_id = (select max(worker_id) from procrastinate_jobs)
      where id = (select max(id) from procrastinate_jobs)
      returning id)
    insert into procrastinate_events (job_id, type, at)
    select id, 'started', now() - interval '1 hour' from taken returning job_id
"""
GIVEN_BACK = "select count(*) from procrastinate_jobs where status = 'todo' and attempts = 1"


def test_worker_that_ends_keeps_what_it_is_at(fleet: Fleet) -> None:
    """At its first signal it takes no more, however long its last run takes."""
    ending = fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    ending.signal(signal.SIGTERM)
    fleet.worker(2)
    fleet.await_begun(3)
    wait_until(lambda: fleet.fact(OLDER.format(2 * STALLED_AFTER)), "others could sweep")
    text = fleet.project.migrate("fleet", "status").stdout
    fleet.go()
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output
    assert {each["attempts"] for each in result.json["targets"].values()} == {1}
    assert fleet.steps() == ONCE
    assert "takes no more" in text
    assert ending.finish().exit_code == 0
    assert "1 database at work" in ending.printed()


def test_second_signal_gives_the_job_to_another_worker(fleet: Fleet) -> None:
    ending = fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    ending.signal(signal.SIGTERM)
    wait_until(lambda: "a second signal" in ending.printed(), "it has heard the first")
    ending.signal(signal.SIGTERM)
    assert ending.finish().exit_code == 0
    fleet.go()
    fleet.worker(2)
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output
    assert fleet.steps() == ONCE


def test_two_calls_at_once_do_each_database_once(fleet: Fleet) -> None:
    calls = [fleet.start("upgrade"), fleet.start("upgrade")]
    wait_until(lambda: fleet.in_queue("procrastinate_jobs") == 8, "eight jobs")

    fleet.go()
    fleet.worker(2)
    results = [call.finish() for call in calls]

    assert [(each.exit_code, done(each)) for each in results] == [(0, ALL_DONE)] * 2
    assert fleet.steps() == ONCE
    assert fleet.in_queue("procrastinate_jobs") == 0


def test_call_that_slept_queues_again_what_was_not_begun(fleet: Fleet) -> None:
    """A laptop that is closed, Ctrl-Z: its jobs are not begun meanwhile, and nobody has died."""
    call = fleet.start("upgrade")
    wait_until(lambda: fleet.in_queue("procrastinate_jobs") == 4, "four jobs")

    call.signal(signal.SIGSTOP)
    wait_until(lambda: fleet.fact(SEEMS_DEAD.format(STALLED_AFTER)), "it seems dead")
    fleet.go()
    fleet.worker()
    wait_until(lambda: fleet.in_queue("procrastinate_jobs") == 0, "none is begun")
    begun = fleet.begun()
    call.signal(signal.SIGCONT)
    result = call.finish()

    assert begun == set()
    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output
    assert fleet.steps() == ONCE


def test_job_whose_taking_was_not_heard_is_given_back(fleet: Fleet) -> None:
    """The answer was lost with the connection: the worker lives, and does not know of it."""
    fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    assert fleet.fact(TAKEN_UNHEARD)
    wait_until(lambda: fleet.fact(GIVEN_BACK) == 1, "it is given back")
    fleet.go()
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output
    assert fleet.steps() == ONCE


def test_what_kills_its_workers_is_dropped_in_the_end(fleet: Fleet) -> None:
    """The call counts it then, and gives it up after six times."""
    call = fleet.start("upgrade")
    wait_until(lambda: fleet.in_queue("procrastinate_jobs") == 4, "four jobs")

    assert fleet.fact(DIES.format(1)) == 4
    wait_until(lambda: fleet.fact(WAITING.format(2)) == 4, "all are given back")
    assert fleet.fact(DIES.format(2)) == 4
    wait_until(lambda: fleet.fact(WAITING.format(0)) == 4, "all are queued anew")
    fleet.go()
    fleet.worker(2)
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE), result.output


def test_server_knows_how_many_jobs_are_queued(fleet: Fleet) -> None:
    """Otherwise it sorts all of them for each that a worker takes."""
    text = "".join(
        f'[t{number}]\nurl = "postgresql://nobody@127.0.0.1:1/t{number}"\n'
        for number in range(150)
    )
    (fleet.project.root / "targets.toml").write_text(text, encoding="utf-8")
    call = fleet.start("upgrade")

    known = "select reltuples::int from pg_class where oid = 'procrastinate_jobs'::regclass"
    wait_until(lambda: fleet.fact(known) == 150, "it knows")
    call.signal(signal.SIGINT)

    assert call.finish().exit_code == 130
    assert fleet.in_queue("procrastinate_jobs") == 0


def test_worker_that_cannot_read_its_list_says_why(fleet: Fleet) -> None:
    fleet.go()
    fleet.worker(MIGRATE__TARGETS__FILE="gone.toml")

    result = fleet.start("upgrade", "--max-failures", "4").finish()

    assert (result.exit_code, set(done(result).values())) == (1, {"failed"}), result.output
    assert result.json["targets"]["a"]["exit_code"] == 2
    assert "cannot read its list of targets" in result.json["targets"]["a"]["error"]["message"]
    assert fleet.begun() == set()


def test_database_that_only_the_call_reaches_is_tried_again(fleet: Fleet) -> None:
    """And then named with the worker that could not reach it; the next call does the rest."""
    fleet.go()
    text = "".join(
        f'[{name}]\nurl = "{"postgresql://nobody@127.0.0.1:1/a" if name == "a" else url}"\n'
        for name, url in fleet.targets.items()
    )
    (fleet.project.root / "elsewhere.toml").write_text(text, encoding="utf-8")
    cut_off = fleet.worker(MIGRATE__TARGETS__FILE="elsewhere.toml")

    result = fleet.start("upgrade", "--max-failures", "1").finish()
    cut_off.signal(signal.SIGTERM)
    cut_off.finish()
    fleet.worker()
    again = fleet.start("upgrade", "--resume").finish()

    found = result.json["targets"]["a"]
    assert (result.exit_code, found["exit_code"], found["attempts"]) == (1, 75, 3), result.output
    assert found["error"]["code"] == "database_unreachable"
    assert again.exit_code == 0, again.output
    assert done(again)["a"] == "done"
    assert fleet.steps() == ONCE


def test_targets_are_read_again_for_each_rollout() -> None:
    from plugins.fleet_procrastinate.worker.known import Known

    lists = iter([[a_target("a")], [a_target("b")]])
    known = Known(lambda: next(lists))

    asked = [("a", "first"), ("b", "first"), ("b", "second"), ("a", "first")]
    found = [known.named(name, rollout) for name, rollout in asked]

    assert [each.name if each else None for each in found] == ["a", None, "b", "a"]


def test_error_of_an_unknown_kind_is_named_by_its_kind() -> None:
    """Its text may have a secret in it."""
    from plugins.fleet_procrastinate.worker.known import unlisted
    from sst.fleet.outcome import unpacked

    answer = unlisted("a", ValueError("postgresql://o:secret@h/db"))

    message = unpacked(answer.report)["error"]["message"]
    assert message.endswith("cannot read its list of targets. ValueError")
