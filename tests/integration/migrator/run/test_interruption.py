"""A run that is interrupted or killed: the lock is free, the record says so, a rerun goes on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.chain import ASLEEP, SLEEP, start_asleep
from tests.support.faults import FREE_WITHIN_SECONDS, HELD
from tests.support.forks import wait_until

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.fixture
def slow(project: Project) -> Project:
    """Make a revision, and one that sleeps in the server unless `awake` is in the folder."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.revision(
        "two",
        f"""
        op.create_table('two', sa.Column('id', sa.Integer))
        if not os.path.exists("awake"):
            {SLEEP}
    """,
    )
    return project


def wait_until_free(project: Project) -> None:
    """Await that lock and statement are gone."""
    wait_until(
        lambda: not project.query(HELD) and not project.query(ASLEEP),
        "the lock is free",
        FREE_WITHIN_SECONDS,
    )


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_signal_cancels_the_statement_and_ends_in_order(
    slow: Project, number: signal.Signals, exit_code: int
) -> None:
    run = start_asleep(slow, "--json")

    run.signal(number)

    wait_until_free(slow)
    end = run.finish()
    assert end.exit_code == exit_code, end.output
    assert slow.current_revision() == "one"
    assert slow.last_run()["outcome"] == "interrupted"
    assert "committed in this run: one" in end.stdout
    assert slow.query("select outcome from migrator.step order by position") == [
        ("applied",),
        ("interrupted",),
    ]


def test_interrupted_run_goes_on_where_it_stopped(slow: Project) -> None:
    run = start_asleep(slow, "--json")
    run.signal(signal.SIGTERM)
    run.finish()
    (slow.root / "awake").touch()

    result = slow.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert [item["revision"] for item in result.json["applied"]] == ["two"]


def test_kill_frees_the_lock_and_check_names_the_run(slow: Project) -> None:
    run = start_asleep(slow, "--json")
    run_id = slow.last_run()["id"]

    run.signal(signal.SIGKILL)

    wait_until_free(slow)
    run.finish()
    check = slow.migrate("check", "--json")
    assert (check.exit_code, check.json["state"]) == (3, "interrupted")
    assert check.json["error"]["code"] == "interrupted_run"
    assert run_id in check.json["error"]["message"]
    assert "two" in check.json["error"]["message"]


def test_run_after_a_kill_marks_it_and_goes_on(slow: Project) -> None:
    run = start_asleep(slow, "--json")
    run.signal(signal.SIGKILL)
    run.finish()
    wait_until_free(slow)
    (slow.root / "awake").touch()

    result = slow.migrate("upgrade")

    outcomes = slow.query("select outcome from migrator.run order by started_at")
    assert result.exit_code == 0, result.output
    assert outcomes == [("interrupted",), ("succeeded",)]
    assert slow.migrate("check").exit_code == 0


def test_signal_while_a_gate_waits_refuses_the_rest(project: Project) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.plugin(
        "waiter",
        """
        import pathlib, time
        from sst.hooks import hookimpl
        @hookimpl
        def pre_migrate(run):
            pathlib.Path("waiting").touch()
            time.sleep(600)
        @hookimpl
        def migrate_failed(run, failure):
            pathlib.Path("told").write_text(failure.phase)
    """,
    )
    project.enable("waiter")
    run = project.start("upgrade")
    wait_until((project.root / "waiting").exists, "the gate waits")

    run.signal(signal.SIGTERM)

    assert run.finish().exit_code == 143
    assert (project.root / "told").read_text() == "interrupted"
    assert project.current_revision() is None
    assert not project.query(HELD)


@pytest.mark.parametrize("arguments", [["upgrade"], ["stamp", "one"], ["repair", "--yes"]])
def test_signal_while_waiting_for_the_lock_touches_nothing(
    slow: Project, arguments: list[str]
) -> None:
    first = start_asleep(slow, "--json")
    second = slow.start(*arguments)
    wait_until(lambda: "waiting for" in second.printed(), "the second run waits")

    second.signal(signal.SIGINT)

    assert second.finish().exit_code == 130
    first.signal(signal.SIGTERM)
    first.finish()
    assert slow.query("select count(*) from migrator.run") == [(1,)]


def test_terminated_session_ends_the_run_with_a_clear_error(slow: Project) -> None:
    run = start_asleep(slow, "--json")
    [(pid,)] = slow.query(ASLEEP)

    slow.query("select pg_terminate_backend(%s)", pid)

    end = run.finish()
    assert end.exit_code == 1
    assert "connection_lost" in end.stdout
    assert slow.current_revision() == "one"
    assert slow.last_run()["outcome"] == "failed"
