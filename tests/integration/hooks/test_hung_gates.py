"""A gate that takes its time is named; one that was given a deadline refuses the run."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.server import connect

if TYPE_CHECKING:
    from tests.support.project import Project

PLUGIN = """
import os, time
from sst.hooks import hookimpl

@hookimpl
def {hook}({arguments}):
    {body}
"""
UNTIL_GO = "while not os.path.exists('go'): time.sleep(0.01)"
LOOKS = "with run.inspect() as look: look.fetch('select * from busy')"
WAITS = """
    select 1 from pg_stat_activity where datname = current_database()
      and query = 'select * from busy' and state = 'active'
"""
NOTED = """
    select r #>> '{gate,hook}', r #>> '{gate,plugin}'
    from (select to_jsonb(t) as r from migrator.run t) rows where r #>> '{gate,hook}' is not null
"""


def arrange(project: Project, hook: str, arguments: str = "run", body: str = UNTIL_GO) -> None:
    """Give *project* a revision, and a plugin `slow` whose *hook* waits for a file."""
    project.revision("one", "op.execute('select 1')")
    project.plugin("slow", PLUGIN.format(hook=hook, arguments=arguments, body=body))
    project.enable("slow")


def is_noted(project: Project) -> list[tuple[str, str]]:
    """Return the gate on record, as soon as there is one."""
    if project.query("select to_regclass('migrator.fingerprint')") == [(None,)]:
        return []
    return project.query(NOTED)


@pytest.mark.parametrize(
    ("hook", "arguments"),
    [("pre_migrate", "run"), ("pre_revision", "revision"), ("post_migrate", "run")],
)
def test_hung_gate_is_named_in_log_record_and_lock(
    project: Project, hook: str, arguments: str
) -> None:
    arrange(project, hook, arguments)
    run = project.start("upgrade")
    wait_until(lambda: is_noted(project), f"{hook} is on record")

    second = project.migrate("upgrade", "--json", "--lock-wait", "0")
    listed, shown = project.migrate("runs", "list"), project.migrate("runs", "list", "--json")
    details = project.migrate("runs", "show", shown.json["runs"][0]["id"])
    told = f"waiting for {hook} of plugin slow since "
    wait_until(lambda: told in run.printed(), "the log names it", 30)
    (project.root / "go").touch()
    end = run.finish()

    assert (second.exit_code, second.json["error"]["code"]) == (75, "lock_busy")
    assert f"it is in {hook} of plugin 'slow' since 20" in second.json["error"]["message"]
    assert f"in {hook} of plugin slow since 20" in listed.stdout
    assert f"in {hook} of plugin slow since 20" in details.stdout
    gate = shown.json["runs"][0]["gate"]
    assert (gate["hook"], gate["plugin"]) == (hook, "slow")
    assert end.exit_code == 0, end.output
    assert is_noted(project) == []


def test_gate_with_a_deadline_refuses_the_run_when_it_is_late(project: Project) -> None:
    arrange(project, "pre_migrate", body="time.sleep(600)")
    project.settings["plugins.slow.gate_timeout_seconds"] = 0.3

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 5, result.output
    assert "no answer within 0.3 s" in result.json["error"]["message"]
    assert project.current_revision() is None
    assert project.last_run()["outcome"] == "refused"


def test_gate_with_a_deadline_that_waits_for_a_lock_in_a_look_ends_with_it(
    project: Project,
) -> None:
    """The run waited for that look when it closed it: for ever, and with the run's lock."""
    arrange(project, "pre_migrate", body=LOOKS)
    project.settings["plugins.slow.gate_timeout_seconds"] = 0.5
    project.query("create table busy (id int)")
    with closing(connect(project.database_url)) as blocker, blocker.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table busy")
        result = project.migrate("upgrade", "--json")
        wait_until(lambda: not project.query(WAITS), "the look has ended on the server")

    assert result.exit_code == 5, result.output
    assert "no answer within 0.5 s" in result.json["error"]["message"]


@pytest.mark.parametrize("hook", ["review_plan", "pre_migrate", "post_migrate"])
def test_signal_ends_a_gate_that_waits_for_a_lock_in_a_look(project: Project, hook: str) -> None:
    """Nothing cancelled that look: the first SIGTERM did nothing."""
    arrange(project, hook, body=LOOKS)
    project.query("create table busy (id int)")
    with closing(connect(project.database_url)) as blocker, blocker.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table busy")
        run = project.start("upgrade")
        wait_until(lambda: project.query(WAITS), "the look waits")
        run.signal(signal.SIGTERM)
        end = run.finish()

    assert end.exit_code == 143, end.output
    assert project.last_run()["outcome"] == "interrupted"


def test_review_of_a_plan_waits_for_no_lock_for_ever(project: Project) -> None:
    arrange(project, "review_plan", body=LOOKS)
    project.settings["migrate.lock_timeout"] = "0.2"
    project.query("create table busy (id int)")
    with closing(connect(project.database_url)) as blocker, blocker.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table busy")
        result = project.migrate("plan")

    assert result.exit_code == 0, result.output
    assert "lock timeout" in result.stdout


def test_gate_with_a_deadline_that_answers_in_time_is_as_without(project: Project) -> None:
    arrange(project, "pre_migrate", body="print(run.inspect().current, 'from a thread')")
    project.settings["plugins.slow.gate_timeout_seconds"] = 30

    result = project.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert "() from a thread" in result.stderr


def test_deadline_of_observers_is_none_of_gates(project: Project) -> None:
    arrange(project, "pre_migrate", body="time.sleep(1)")
    project.settings["plugins.slow.timeout_seconds"] = 0.2

    assert project.migrate("upgrade").exit_code == 0


def test_gate_with_a_deadline_cannot_send_the_run_aside(project: Project) -> None:
    arrange(project, "pre_migrate", body="run.aside().__enter__()")
    project.settings["plugins.slow.gate_timeout_seconds"] = 30

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 5
    assert "cannot send the run aside" in result.json["error"]["message"]
