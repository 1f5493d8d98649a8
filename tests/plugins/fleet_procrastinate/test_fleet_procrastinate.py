"""Workers in processes of their own take databases out of a queue, and each is worked on once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.plugins.fleet_procrastinate.conftest import (
    ALL_DONE,
    ONCE,
    PASSWORD,
    done,
    kill_machine,
)
from tests.support.forks import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.fleet_procrastinate.conftest import Fleet
    from tests.support.project import Project


def test_dead_worker_loses_no_database_and_none_is_done_twice(fleet: Fleet) -> None:
    """Its machine is gone in the middle of a revision, with another job behind it."""
    dead = fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    kill_machine(dead)
    fleet.worker(2)
    fleet.await_begun(3)
    fleet.go()
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE)
    assert fleet.steps() == ONCE
    assert [fleet.in_queue(each) for each in ("procrastinate_jobs", "rollout", "result")] == [
        0
    ] * 3


def test_process_that_outlives_its_worker_is_not_run_beside(fleet: Fleet) -> None:
    """Only the worker is killed: its process ends the run, and another worker finds it done."""
    dead = fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    dead.signal(signal.SIGKILL)
    fleet.worker(2)
    fleet.await_begun(3)
    fleet.go()
    result = call.finish()

    assert (result.exit_code, done(result)) == (0, ALL_DONE)
    assert fleet.steps() == ONCE


def test_call_that_was_killed_goes_on_with_resume(fleet: Fleet) -> None:
    fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    call.signal(signal.SIGKILL)
    fleet.go()
    result = fleet.start("upgrade", "--resume").finish()

    assert result.exit_code == 0
    assert set(done(result).values()) <= {"done", "unchanged"}
    assert fleet.steps() == ONCE


def test_no_secret_is_in_the_queue(fleet: Fleet) -> None:
    """The names of targets and the words of the command are, and so are reports."""
    call = fleet.start("upgrade")
    wait_until(lambda: fleet.in_queue("procrastinate_jobs") == 4, "four jobs")

    sql = "select string_agg(to_jsonb(job)::text, ' ') from sst_fleet.procrastinate_jobs as job"
    [(queued,)] = fleet.ask(fleet.queue_url, sql)
    fleet.worker(2)
    fleet.go()
    result = call.finish()

    assert '"target": "a"' in str(queued)
    assert "upgrade" in str(queued)
    assert PASSWORD not in str(queued)
    assert "postgresql" not in str(queued)
    assert (result.exit_code, done(result)) == (0, ALL_DONE)
    assert PASSWORD not in result.output


def test_failure_beyond_the_budget_takes_back_what_nobody_has_begun(fleet: Fleet) -> None:
    """And exit 1 is not tried again."""
    for url in fleet.targets.values():
        fleet.ask(url, "create table once (id int); commit; select 1")
    fleet.go()
    call = fleet.start("upgrade")
    wait_until(lambda: fleet.in_queue("procrastinate_jobs") == 4, "four jobs")

    (fleet.project.root / "go").unlink()
    fleet.worker()
    fleet.await_begun()
    fleet.go()
    result = call.finish()

    assert result.exit_code == 5
    states = done(result)
    assert states["a"] == "failed"
    assert result.json["targets"]["a"]["attempts"] == 1
    assert states["d"] == "skipped"
    assert fleet.in_queue("procrastinate_jobs") == 0


def test_interrupted_call_ends_what_is_at_work_in_order(fleet: Fleet) -> None:
    fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    call.signal(signal.SIGTERM)
    result = call.finish()

    assert result.exit_code == 143
    assert set(fleet.steps().values()) == {0}
    assert fleet.in_queue("procrastinate_jobs") == 0


def test_queue_that_is_away_touches_nothing(fleet: Fleet) -> None:
    away = "postgresql://nobody@127.0.0.1:1/queue"

    result = fleet.start("upgrade", PLUGINS__FLEET_PROCRASTINATE__URL=away).finish()

    assert result.exit_code == 75
    assert result.json["error"]["code"] == "database_unreachable"
    assert fleet.begun() == set()


def test_call_without_a_worker_ends_and_leaves_no_job(fleet: Fleet) -> None:
    result = fleet.start("upgrade", PLUGINS__FLEET_PROCRASTINATE__WORKER_WAIT_SECONDS="0").finish()

    assert result.exit_code == 75
    assert "No worker takes the jobs of the queue development." in result.json["error"]["message"]
    assert set(done(result).values()) == {"skipped"}
    assert fleet.in_queue("procrastinate_jobs") == 0


def test_status_shows_jobs_and_workers(fleet: Fleet) -> None:
    worker = fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    status = fleet.project.migrate("fleet", "status", "--json").json["data"]
    text = fleet.project.migrate("fleet", "status").stdout
    fleet.go()
    call.finish()

    assert status["jobs"] == {"waiting": 3, "at_work": 1, "stalled": []}
    assert [(each["pid"], each["slots"]) for each in status["workers"]] == [(worker.pid, 1)]
    assert [each["command"] for each in status["rollouts"]] == ["upgrade"]
    assert "queue development: 3 waiting, 1 at work, 0 stalled" in text


def test_status_names_who_is_dead_and_what_to_do(fleet: Fleet) -> None:
    worker = fleet.worker()
    call = fleet.start("upgrade")
    fleet.await_begun()

    kill_machine(worker)
    call.signal(signal.SIGKILL)
    seen = "select count(*) from worker where seen_at < now() - interval '5 seconds'"
    wait_until(lambda: fleet.fact(seen), "it is not seen any more")
    text = fleet.project.migrate("fleet", "status").stdout

    assert "queue development: 3 waiting, 0 at work, 1 stalled (a)" in text
    assert "none takes jobs" in text
    assert f"{worker.pid}\tdead, seen " in text
    assert "ago; it is gone, repeat it with --resume" in text


def test_target_that_a_worker_does_not_list_is_wrong_usage(fleet: Fleet) -> None:
    fleet.go()
    (fleet.project.root / "fewer.toml").write_text(
        f'[a]\nurl = "{fleet.targets["a"]}"\n', encoding="utf-8"
    )
    fleet.worker(MIGRATE__TARGETS__FILE="fewer.toml")

    result = fleet.start("upgrade", "--max-failures", "3").finish()

    assert (result.exit_code, done(result)["a"], done(result)["b"]) == (1, "done", "failed")
    assert "lists no target 'b'" in result.json["targets"]["b"]["error"]["message"]


def test_worker_of_another_release_refuses(fleet: Fleet) -> None:
    """None of its databases is at a wrong revision; here it has one revision more."""
    call = fleet.start("upgrade")
    wait_until(lambda: fleet.in_queue("procrastinate_jobs") == 4, "four jobs")
    fleet.project.revision("two")
    fleet.go()
    fleet.worker()

    result = call.finish()

    assert result.json["targets"]["a"]["error"]["code"] == "other_release"
    assert result.json["targets"]["a"]["exit_code"] == 75
    assert fleet.begun() == set()


def test_queue_is_made_once(fleet: Fleet) -> None:
    again = fleet.project.migrate("fleet", "setup", "--json")

    assert (again.exit_code, again.json["data"]) == (0, {"is_made": False})


def test_database_without_a_queue_is_named_with_what_makes_one(project: Project) -> None:
    project.enable("fleet_procrastinate")
    project.environment["PLUGINS__FLEET_PROCRASTINATE__URL"] = project.database_url

    result = project.migrate("fleet", "status")

    assert result.exit_code == 2
    assert "has no tables of the queue" in result.stderr
    assert "fleet setup" in result.stderr


def test_missing_package_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from plugins.fleet_procrastinate import Config, Plugin, database
    from sst.hooks import ConfigError
    from sst.testing import a_fleet_call

    monkeypatch.setattr(database, "find_spec", lambda _name: None)
    [engine] = Plugin(Config()).register_engines()

    with pytest.raises(ConfigError, match="the extra 'fleet'") as refused:
        engine.make(a_fleet_call(project_root=tmp_path))

    assert refused.value.exit_code == 2
