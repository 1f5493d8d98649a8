"""A run that steps aside for its backup, and the way back of a run that failed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.forks import wait_until
from tests.support.project import Outcome
from tests.support.swapper import events, rows, swapper

if TYPE_CHECKING:
    from tests.support.project import Project

__all__ = ["swapper"]

RESTORE = {"migrate.on_failure": "restore"}


@pytest.fixture
def failing(swapper: Project) -> Project:
    """Return the project with `two`, which works, and `three`, which fails."""
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    swapper.revision("three", "op.execute('select 1/0')")
    return swapper


def test_gate_copies_the_database_while_the_run_is_aside(swapper: Project) -> None:
    swapper.revision("two", "open('two', 'w').close()\nwhile not os.path.exists('on'): pass")
    running = swapper.start("upgrade", "--json", GATE="copy")
    wait_until((swapper.root / "two").exists, "the revision runs, the run was aside")

    [newest, *_] = swapper.migrate("runs", "list", "--json").json["runs"]
    (swapper.root / "on").touch()
    ended = running.finish()

    result = Outcome(ended.exit_code, ended.stdout, ended.stderr)
    assert newest["outcome"] == "running"
    assert result.exit_code == 0, result.output
    assert (result.json["backup"]["id"], result.json["restored"]) == ("b-1", None)
    assert rows(swapper)[-1] == ("upgrade", "succeeded", ["two"], "b-1")
    assert swapper.migrate("check").exit_code == 0


@pytest.mark.parametrize("gate", ["move", "hide"])
def test_database_that_moved_while_the_run_was_aside_refuses_it(
    swapper: Project, gate: str
) -> None:
    """Also when the gate hides it: the plan is no longer true."""
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")

    result = swapper.migrate("upgrade", "--json", GATE=gate)

    assert (result.exit_code, result.json["error"]["code"]) == (5, "refused"), result.output
    assert "at one, and after the gates the database is at zero" in result.json["error"]["message"]
    assert swapper.query("select to_regclass('two')") == [(None,)]
    assert rows(swapper)[-1][:2] == ("upgrade", "refused")


def test_run_that_takes_the_lock_meanwhile_ends_the_run_as_temporary(swapper: Project) -> None:
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    first = swapper.start("upgrade", "--json", "--lock-wait", "0", GATE="copy", PAUSED="aside")
    wait_until((swapper.root / "aside").exists, "the run is aside")
    second = swapper.start("work", "end", "well", PAUSED="working")
    wait_until((swapper.root / "working").exists, "the work has the lock")

    (swapper.root / "aside-over").touch()
    result = first.finish()
    (swapper.root / "working-over").touch()

    assert (result.exit_code, "lock_busy" in result.stdout) == (75, True), result.output
    assert second.finish().exit_code == 0
    assert [row[:2] for row in rows(swapper)[1:]] == [("upgrade", "failed"), ("work", "succeeded")]
    assert swapper.current_revision() == "one"


def test_veto_of_a_gate_while_aside_is_the_gates(swapper: Project) -> None:
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")

    result = swapper.migrate("upgrade", GATE="veto")

    assert (result.exit_code, "not while I look" in result.stderr) == (5, True)
    assert rows(swapper)[-1][:2] == ("upgrade", "refused")


def test_only_a_gate_before_the_run_may_send_it_aside(swapper: Project) -> None:
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")

    result = swapper.migrate("upgrade", GATE="late")

    assert result.exit_code == 5
    assert "only a pre_migrate gate may send the run aside" in result.stderr


def test_signal_while_aside_ends_the_run_untouched_and_on_record(swapper: Project) -> None:
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    running = swapper.start("upgrade", GATE="copy", PAUSED="aside")
    wait_until((swapper.root / "aside").exists, "the run is aside")

    running.signal(signal.SIGTERM)
    (swapper.root / "aside-over").touch()

    assert running.finish().exit_code == 143
    assert rows(swapper)[-1][:2] == ("upgrade", "interrupted")
    assert swapper.current_revision() == "one"


def test_failed_run_names_the_command_that_restores_its_backup(failing: Project) -> None:
    result = failing.migrate("upgrade", GATE="copy", ENV_FOR_DYNACONF="development")

    assert result.exit_code == 1
    assert (
        "`python migrate.py restore b-1` takes the database back to before the run"
        in result.stderr
    )
    assert failing.current_revision() == "two"
    assert needed(failing) == ["b-1"]


def test_named_command_brings_its_environment_along(failing: Project) -> None:
    failing.query("truncate migrator.run cascade")

    result = failing.migrate("upgrade", "--json", GATE="copy", ENV_FOR_DYNACONF="production")

    hint = result.json["error"]["hint"]
    assert "`ENV_FOR_DYNACONF=production python migrate.py restore b-1`" in hint


def test_failed_run_names_no_command_that_nobody_contributes(failing: Project) -> None:
    result = failing.migrate("upgrade", GATE="nameless")

    assert (result.exit_code, "migrate.py restore" in result.stderr) == (1, False)


def test_failed_run_that_left_nothing_says_that_nothing_is_to_be_restored(
    swapper: Project,
) -> None:
    swapper.settings |= RESTORE
    swapper.revision("two", "op.execute('select 1/0')")

    result = swapper.migrate("upgrade", GATE="copy")

    assert "nothing of this run is committed: there is nothing to restore" in result.stderr
    assert "migrate.py restore" not in result.stderr
    assert [row[0] for row in rows(swapper)] == ["upgrade", "upgrade"]


@pytest.mark.external
def test_failed_run_is_restored_under_the_same_lock_and_on_record(failing: Project) -> None:
    failing.settings |= RESTORE

    result = failing.migrate("upgrade", "--json", GATE="copy")

    found = result.json
    assert (result.exit_code, found["error"]["code"]) == (1, "revision_failed"), result.output
    assert (found["after"], found["applied"]) == ("one", [])
    assert [each["revision"] for each in found["pending"]] == ["two", "three"]
    restored = found["restored"]
    assert (restored["backup"], restored["heads"], restored["cut_off_ms"]) == ("b-1", ["one"], 12)
    assert restored["kept_as"].endswith("_old")
    assert "RESTORED from the backup b-1 and is at one" in found["error"]["hint"]
    assert failing.current_revision() == "one"
    assert rows(failing)[1:] == [
        ("upgrade", "failed", ["two"], "b-1"),
        ("restore", "succeeded", ["one"], "b-1"),
    ]
    assert [line.split()[0] for line in events(failing)[-2:]] == ["run_failed", "run_restored"]
    assert needed(failing) == []
    assert failing.migrate("check", "--json").json["error"]["code"] == "pending"


def test_result_of_a_restore_is_told_as_text(failing: Project) -> None:
    failing.settings |= RESTORE

    result = failing.migrate("upgrade", GATE="copy")

    assert "restored b-1 in 12 ms" in result.stdout
    assert "applied" not in result.stdout


def test_unhealthy_run_is_restored(swapper: Project) -> None:
    swapper.settings |= RESTORE
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    swapper.plugin("judge", JUDGE)
    swapper.enable("swapper", "judge")

    result = swapper.migrate("upgrade", "--json", GATE="copy")

    assert (result.exit_code, result.json["restored"]["heads"]) == (4, ["one"]), result.output
    assert result.json["error"]["code"] == "disliked"
    assert swapper.current_revision() == "one"


def test_autocommit_step_that_left_a_part_is_restored(swapper: Project) -> None:
    swapper.settings |= RESTORE
    swapper.revision(
        "two",
        """
        with op.get_context().autocommit_block():
            op.execute("create table half ()")
        op.execute("select 1/0")
    """,
    )

    result = swapper.migrate("upgrade", "--json", GATE="copy")

    assert result.json["restored"] is not None, result.output
    assert swapper.query("select to_regclass('half')") == [(None,)]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("veto", "the archive is damaged"),
        ("bug", "swapper: KeyError: 'what'"),
        ("none", "no enabled plugin restores this backup"),
    ],
)
def test_restore_that_fails_leaves_the_first_error(
    failing: Project, how: str, reason: str
) -> None:
    failing.settings |= RESTORE

    result = failing.migrate("upgrade", "--json", GATE="copy", RESTORE=how)

    error = result.json["error"]
    assert (result.exit_code, error["code"], error["revision"]) == (1, "revision_failed", "three")
    assert f"restoring the backup b-1 FAILED too ({reason}): `python" in error["hint"]
    assert (result.json["after"], result.json["restored"]) == ("two", None)
    assert [row[:2] for row in rows(failing)[1:]] == [
        ("upgrade", "failed"),
        ("restore", "failed" if how == "bug" else "refused"),
    ]


def test_signal_during_the_restore_leaves_the_first_error(failing: Project) -> None:
    failing.settings |= RESTORE
    running = failing.start("upgrade", "--json", GATE="copy", PAUSED="restoring")
    wait_until((failing.root / "restoring").exists, "the restore has begun")

    running.signal(signal.SIGINT)

    result = running.finish()
    assert result.exit_code == 1, result.output
    assert "revision_failed" in result.stdout
    assert "FAILED too (interrupted)" in result.stdout
    assert rows(failing)[-1][:2] == ("restore", "interrupted")


def test_interrupted_run_is_never_restored(swapper: Project) -> None:
    swapper.settings |= RESTORE
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    swapper.revision("slow", "open('slow', 'w').close()\ntime.sleep(600)")
    running = swapper.start("upgrade", "--json", GATE="copy")
    wait_until((swapper.root / "slow").exists, "the second revision runs")

    running.signal(signal.SIGTERM)

    assert running.finish().exit_code == 143
    assert swapper.current_revision() == "two"
    assert rows(swapper)[-1][:2] == ("upgrade", "interrupted")


def test_run_that_lost_its_connection_is_never_restored(swapper: Project) -> None:
    swapper.settings |= RESTORE
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    swapper.revision("lost", "op.execute('select pg_terminate_backend(pg_backend_pid())')")

    result = swapper.migrate("upgrade", "--json", GATE="copy")

    assert result.json["error"]["code"] == "connection_lost", result.output
    assert swapper.current_revision() == "two"
    assert rows(swapper)[-1][:2] == ("upgrade", "failed")


JUDGE = """
from sst.hooks import Veto, hookimpl

@hookimpl
def post_migrate(run):
    raise Veto("I do not like it", code="disliked")
"""


def needed(project: Project) -> list[Any]:
    """Return the backups that unfinished runs need, as a plugin is told."""
    return project.migrate("work", "needed", "--json").json["data"]["needed"]  # type: ignore[no-any-return]
