"""Work of a plugin under the run's lock: on record, alone, and able to step aside."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from tests.support.forks import wait_until
from tests.support.neighbours import neighbour
from tests.support.page import python_example
from tests.support.swapper import events, rows, swapper

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

__all__ = ["swapper"]


@pytest.mark.parametrize(
    ("how", "exit_code", "outcome", "code"),
    [
        ("well", 0, "succeeded", None),
        ("veto", 5, "refused", "not_today"),
        ("bug", 1, "failed", "failed"),
        ("sql", 5, "failed", "failed"),
    ],
)
def test_end_of_the_work_is_on_record(
    swapper: Project, how: str, exit_code: int, outcome: str, code: str | None
) -> None:
    result = swapper.migrate("work", "end", how)

    row = swapper.last_run()
    assert result.exit_code == exit_code, result.output
    assert (row["command"], row["target"], row["outcome"]) == ("work", how, outcome)
    assert (row["error"] or {}).get("code") == code
    assert (row["from_heads"], row["to_heads"]) == (["one"], ["one"])
    assert swapper.migrate("check").exit_code == 0


def test_tutorials_command_counts_under_the_lock(project: Project) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    project.plugin("census", python_example("Count the tables"))
    project.enable("census")
    assert project.migrate("upgrade").exit_code == 0

    result = project.migrate("census", "--json")

    assert (result.exit_code, result.json["data"]) == (0, {"tables": 2}), result.output
    row = project.last_run()
    assert (row["id"], row["command"], row["outcome"]) == (
        result.json["run_id"],
        "census",
        "succeeded",
    )


def test_work_that_wants_no_record_leaves_none(swapper: Project) -> None:
    result = swapper.migrate("work", "end", "heads", "--unrecorded")

    assert (result.stdout, swapper.last_run()["command"]) == ("one\n", "upgrade")


def test_work_hides_no_change_that_somebody_made_to_the_schema(swapper: Project) -> None:
    """The fingerprint is handed on, not taken anew."""
    swapper.query("create table by_hand ()")

    assert swapper.migrate("work", "end", "well").exit_code == 0

    result = swapper.migrate("check", "--json")
    assert result.json["error"]["code"] == "schema_changed"
    assert "by_hand" in result.json["error"]["message"]


def test_no_run_and_no_other_environment_meet_the_work(swapper: Project) -> None:
    running = swapper.start("work", "end", "well", PAUSED="working")
    wait_until((swapper.root / "working").exists, "the work has the lock")

    run = swapper.migrate("upgrade", "--lock-wait", "0", "--json")
    (swapper.root / "working-over").touch()

    assert (run.exit_code, run.json["error"]["code"]) == (75, "lock_busy")
    assert running.finish().exit_code == 0
    stranger = swapper.migrate("work", "end", "well", "--json", ENV_FOR_DYNACONF="production")
    assert stranger.json["error"]["code"] == "environment_mismatch"


def test_work_that_is_alone_keeps_the_lock_while_it_is_aside(
    swapper: Project, tmp_path: Path
) -> None:
    """Not even a run of another project comes between the core's leaving and the swap."""
    beside = neighbour(tmp_path / "neighbour", swapper.database_url)
    beside.revision("first")
    running = swapper.start("work", "alone", PAUSED="alone")
    wait_until((swapper.root / "alone").exists, "the work is aside")

    own = swapper.migrate("upgrade", "--lock-wait", "0", "--json")
    other = beside.migrate("upgrade", "--lock-wait", "0", "--json")
    (swapper.root / "alone-over").touch()

    assert running.finish().exit_code == 0
    assert [own.json["error"]["code"], other.json["error"]["code"]] == ["lock_busy"] * 2
    assert beside.migrate("upgrade", "--lock-wait", "0").exit_code == 0


def test_signal_ends_the_work_and_is_on_record(swapper: Project) -> None:
    running = swapper.start("work", "end", "well", "--json", PAUSED="working")
    wait_until((swapper.root / "working").exists, "the work has the lock")

    running.signal(signal.SIGTERM)

    result = running.finish()
    assert result.exit_code == 143, result.output
    row = swapper.last_run()
    assert (row["outcome"], row["error"]["code"]) == ("interrupted", "interrupted")
    assert row["error"]["text"] == "Interrupted by SIGTERM."


def test_work_that_was_killed_is_not_told_as_a_migration(swapper: Project) -> None:
    running = swapper.start("work", "end", "well", PAUSED="working")
    wait_until((swapper.root / "working").exists, "the work has the lock")
    running.signal(signal.SIGKILL)
    running.finish()

    check = swapper.migrate("check", "--json")

    error = check.json["error"]
    assert (check.exit_code, error["code"]) == (3, "interrupted_run"), check.output
    assert "between two revisions" not in error["message"]
    assert error["hint"] == "run `python migrate.py work well` again if it is still wanted"


@pytest.mark.external
def test_swapped_database_is_complete_and_clean(swapper: Project) -> None:
    """The record goes along, and what the swap took back may be written anew."""
    assert swapper.migrate("work", "make-copy").exit_code == 0
    swapper.revision("two", "op.create_table('two', sa.Column('id', sa.Integer))")
    assert swapper.migrate("upgrade").exit_code == 0

    result = swapper.migrate("work", "swap", "--json")

    assert result.exit_code == 0, result.output
    assert result.json["data"] == {"before": ["two"], "heads": ["one"]}
    assert swapper.current_revision() == "one"
    assert rows(swapper) == [
        ("upgrade", "succeeded", ["one"], None),
        ("copy", "succeeded", ["one"], None),
        ("upgrade", "succeeded", ["two"], None),
        ("restore", "succeeded", ["one"], "b-1"),
    ]
    assert f"run_restored {result.json['run_id']} restore ('one',)" in events(swapper)[-1]
    revision_file(swapper, "two").unlink()
    swapper.revision("deux", "op.create_table('deux', sa.Column('id', sa.Integer))", down="one")
    check = swapper.migrate("check", "--json")
    assert (check.json["error"]["code"], check.json["warnings"]) == ("pending", []), check.stdout
    assert swapper.migrate("upgrade").exit_code == 0
    assert swapper.migrate("check").exit_code == 0


def test_swapped_database_is_held_against_the_files_that_it_holds(swapper: Project) -> None:
    """What was taken back before the swap is in the database again, and on record again."""
    assert swapper.migrate("work", "make-copy").exit_code == 0
    assert swapper.migrate("downgrade", "base", "--confirm", name(swapper)).exit_code == 0

    assert swapper.migrate("work", "swap").exit_code == 0

    assert swapper.migrate("check").exit_code == 0
    edited = revision_file(swapper, "one")
    edited.write_text(edited.read_text().replace("create_table('one'", "create_table('eins'"))
    check = swapper.migrate("check", "--json")
    assert check.json["error"]["code"] == "revision_edited", check.stdout


def test_signal_waits_until_the_swap_is_done(swapper: Project) -> None:
    assert swapper.migrate("work", "make-copy").exit_code == 0
    running = swapper.start("work", "swap", PAUSED="swapped")
    wait_until((swapper.root / "swapped").exists, "the names are swapped")

    running.signal(signal.SIGINT)
    (swapper.root / "swapped-over").touch()

    result = running.finish()
    assert result.exit_code == 130, result.output
    assert (swapper.root / "body-over").exists()
    assert swapper.last_run()["outcome"] == "interrupted"
    assert swapper.migrate("check").exit_code == 0


def test_kill_after_the_swap_leaves_a_complete_record(swapper: Project) -> None:
    """There is no moment at which the database in place says less than the one it replaced."""
    assert swapper.migrate("work", "make-copy").exit_code == 0
    running = swapper.start("work", "swap", PAUSED="swapped")
    wait_until((swapper.root / "swapped").exists, "the names are swapped")

    running.signal(signal.SIGKILL)
    running.finish()

    row = swapper.last_run()
    assert (row["command"], row["outcome"]) == ("restore", "succeeded")
    assert swapper.migrate("check").exit_code == 0


def test_run_that_slips_in_while_the_work_is_aside_is_told(swapper: Project) -> None:
    assert swapper.migrate("work", "make-copy").exit_code == 0
    running = swapper.start("work", "swap", "--lock-wait", "0", PAUSED="swapped")
    wait_until((swapper.root / "swapped").exists, "the work is aside")
    swapper.revision(
        "slow", "open('slow', 'w').close()\nwhile not os.path.exists('done'): time.sleep(0.02)"
    )
    slow = swapper.start("upgrade")
    wait_until((swapper.root / "slow").exists, "the run has the lock")

    (swapper.root / "swapped-over").touch()
    result = running.finish()
    (swapper.root / "done").touch()

    assert (result.exit_code, "holds the lock" in result.stderr) == (75, True), result.output
    assert slow.finish().exit_code == 0
    assert rows(swapper)[-2:] == [
        ("restore", "failed", ["one"], None),
        ("upgrade", "succeeded", ["slow"], None),
    ]


def test_session_that_is_lost_during_the_work_is_told(swapper: Project) -> None:
    running = swapper.start("work", "end", "well", PAUSED="working")
    wait_until((swapper.root / "working").exists, "the work has the lock")
    swapper.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid()"
    )

    (swapper.root / "working-over").touch()

    result = running.finish()
    assert (result.exit_code, "was lost during `work`" in result.stderr) == (1, True)
    assert rows(swapper)[-1] == ("work", "failed", ["one"], None)


def name(project: Project) -> str:
    """Return the database's name."""
    return str(make_url(project.database_url).database)


def revision_file(project: Project, name: str) -> Path:
    """Return the file of the revision *name*."""
    [found] = (project.root / "alembic" / "versions").glob(f"*_{name}.py")
    return found
