"""Drift is compared with what the last run left, and is on record when a run goes on over it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Outcome, Project

DRIFT = "constraint public.sites.positive was removed"
GATE = """
import os
import time
from sst.hooks import Veto, hookimpl

@hookimpl
def pre_migrate(run):
    if os.path.exists("veto"):
        raise Veto("not today")
    if os.path.exists("asleep"):
        open("reached", "w").close()
        time.sleep(600)
"""
HALF = """
with op.get_context().autocommit_block():
    op.execute("create index concurrently half on sites (id)")
raise ValueError("broken")
"""


@pytest.fixture
def drifted(project: Project) -> Project:
    """Make a table whose constraint somebody has dropped by hand."""
    project.plugin("gate", GATE)
    project.enable("gate")
    project.revision(
        "sites",
        "op.execute('create table sites (id int, constraint positive check (id > 0))')",
    )
    assert project.migrate("upgrade").exit_code == 0
    project.query("alter table sites drop constraint positive")
    return project


def schema_check(project: Project) -> dict[str, Any]:
    """Return the entry `schema` of `check`."""
    checks = project.migrate("check", "--json").json["checks"]
    [found] = [each for each in checks if (each["plugin"], each["name"]) == ("core", "schema")]
    return dict(found)


def refuse(project: Project) -> Outcome:
    project.revision("later")
    (project.root / "veto").touch()
    return project.migrate("upgrade")


def fail(project: Project) -> Outcome:
    project.revision("later", "raise ValueError('broken')")
    return project.migrate("upgrade")


def interrupt(project: Project) -> Outcome:
    return _end(project, signal.SIGTERM)


def kill(project: Project) -> Outcome:
    return _end(project, signal.SIGKILL)


def _end(project: Project, number: signal.Signals) -> Outcome:
    """End a run in its first gate."""
    project.revision("later")
    (project.root / "asleep").touch()
    run = project.start("upgrade")
    wait_until((project.root / "reached").exists, "the gate sleeps")
    run.signal(number)
    return run.finish()


def stamp_nowhere(project: Project) -> Outcome:
    return project.migrate("stamp", "nowhere")


@pytest.mark.parametrize("move_nothing", [refuse, fail, interrupt, kill, stamp_nowhere])
def test_drift_survives_a_run_that_moved_nothing(
    drifted: Project, move_nothing: Callable[[Project], Outcome]
) -> None:
    first = drifted.last_run()["id"]

    result = move_nothing(drifted)

    assert result.exit_code != 0
    found = schema_check(drifted)
    assert (found["status"], found["code"]) == ("fail", "schema_changed"), found
    assert f"since run {first}: {DRIFT}" in found["detail"]


def test_drift_survives_a_run_that_was_killed_in_its_first_revision(drifted: Project) -> None:
    first = drifted.last_run()["id"]
    drifted.revision("later", "exec(os.environ.get('BODY', 'pass'))")
    drifted.migrate("upgrade", BODY="os.kill(os.getpid(), 9)")
    killed = drifted.last_run()["id"]

    between = schema_check(drifted)
    failed = drifted.migrate("upgrade", "--json", BODY="raise ValueError")
    after_failure = schema_check(drifted)
    good = drifted.migrate("upgrade", "--json")

    told = f"changed outside migrations since run {first}, or by run {killed}, which was killed"
    for found in (between, after_failure):
        assert (found["status"], found["code"]) == ("fail", "schema_changed"), found
        assert f"{told}: {DRIFT}" in found["detail"]
    for run in (failed, good):
        assert run.json["warnings"] == [f"schema_changed: {told}: {DRIFT}"]
    assert good.exit_code == 0, good.output
    [recorded] = drifted.last_run()["warnings"]
    assert recorded["text"] == f"{told}: {DRIFT}"
    assert schema_check(drifted)["status"] == "pass"


def test_run_that_was_killed_in_its_first_revision_leaves_the_schema_as_it_was(
    project: Project,
) -> None:
    project.revision("sites", "op.execute('create table sites (id int)')")
    assert project.migrate("upgrade").exit_code == 0
    first = project.last_run()["id"]
    project.revision("later", "import os; os.kill(os.getpid(), 9)")
    project.migrate("upgrade")

    found = schema_check(project)

    assert (found["status"], found["detail"]) == ("pass", f"as run {first} left it")


def test_drift_is_in_the_record_the_warnings_and_the_result_of_a_run_over_it(
    drifted: Project,
) -> None:
    drifted.revision("later")

    result = drifted.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    [warning] = result.json["warnings"]
    assert warning.startswith("schema_changed: ")
    assert DRIFT in warning
    [recorded] = drifted.last_run()["warnings"]
    assert (recorded["code"], recorded["plugin"], recorded["hook"]) == (
        "schema_changed",
        "core",
        "schema",
    )
    assert DRIFT in recorded["text"]
    shown = drifted.migrate("runs", "show", result.json["run_id"])
    assert f"schema: {recorded['text']}" in shown.stdout
    assert schema_check(drifted)["status"] == "pass"


@pytest.mark.parametrize("command", [("upgrade",), ("stamp", "sites")], ids=lambda words: words[0])
def test_result_for_people_names_the_drift(drifted: Project, command: tuple[str, ...]) -> None:
    drifted.revision("later")

    result = drifted.migrate(*command)

    assert result.exit_code == 0, result.output
    assert "warning\tschema_changed: changed outside migrations since run" in result.stdout
    assert DRIFT in result.stdout


def test_failed_run_leaves_what_it_committed_and_keeps_the_drift(drifted: Project) -> None:
    """What a revision did outside its transaction is no change outside migrations."""
    drifted.revision("later", HALF)

    result = drifted.migrate("upgrade", "--json")

    assert result.exit_code == 1, result.output
    assert DRIFT in str(result.json["warnings"])
    detail = schema_check(drifted)["detail"]
    assert DRIFT in detail
    assert "half" not in detail


def test_second_run_after_a_refused_one_tells_of_the_drift(drifted: Project) -> None:
    refused = refuse(drifted)
    (drifted.root / "veto").unlink()

    result = drifted.migrate("upgrade", "--json")

    assert refused.exit_code == 5
    assert DRIFT in str(result.json["warnings"])
    assert DRIFT in str(drifted.last_run()["warnings"])


def test_upgrade_with_nothing_to_do_leaves_the_drift(drifted: Project) -> None:
    drifted.migrate("upgrade")

    assert DRIFT in schema_check(drifted)["detail"]
