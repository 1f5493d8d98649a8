"""`status --format prometheus` is a whole file of metrics, whatever became of the command."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sst.metrics.known import OF_THE_FLEET
from tests.support.door import Door
from tests.support.fleet import STATES, six_databases
from tests.support.metrics import read_figures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.project import Project

FORM = ("status", "--format", "prometheus")
CANARY = "canary-of-the-textfile"


def test_pending_database_is_a_file_and_exit_3(project: Project) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")

    result = project.migrate(*FORM)

    found = read_figures(result.stdout)
    assert result.exit_code == 3
    assert found.hot("schema_state", "state") == ["empty"]
    assert found.value("schema_pending_revisions") == 1


def test_file_has_what_the_endpoint_has_of_the_database(project: Project) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0

    result = project.migrate(*FORM)

    found = read_figures(result.stdout)
    assert result.exit_code == 0
    assert found.hot("migration_last_run_outcome", "outcome") == ["succeeded"]
    assert found.value("schema_info", revision="one", head="one") == 1
    assert found.text.endswith("\n")


def test_unreachable_database_is_a_file_that_says_so(project: Project) -> None:
    project.database_url = f"postgresql://nobody:{CANARY}@127.0.0.1:1/gone"

    result = project.migrate(*FORM)

    assert result.exit_code == 75
    assert read_figures(result.stdout).names == {"sst_database_readable"}
    assert "next:" in result.stderr
    assert CANARY not in result.output


def test_settings_that_cannot_be_read_are_a_file_too(project: Project) -> None:
    result = project.migrate(*FORM, "--set", "migrate.lock_wait=never")

    assert result.exit_code == 2
    assert read_figures(result.stdout).value("database_readable") == 0


def test_all_databases_are_one_file_without_their_names(
    project: Project, make_database: Callable[[], str]
) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    gone = f"postgresql://nobody:{CANARY}@127.0.0.1:1/gone"
    six_databases(project, make_database, gone)
    before = time.time()

    result = project.migrate("status", "--all", "--format", "prometheus")

    found = read_figures(result.stdout)
    assert result.exit_code == 1
    assert found.names == {metric.name for metric in OF_THE_FLEET} - {
        "sst_fleet_lost_since_timestamp_seconds"
    }
    assert {state: found.value("fleet_targets", state=state) for state in STATES.values()} == {
        state: list(STATES.values()).count(state) for state in STATES.values()
    }
    assert found.value("fleet_failed_targets") == 1
    assert found.value("fleet_revision_targets", revision="two") == 1
    assert before <= (found.value("fleet_oldest_look_timestamp_seconds") or 0) <= time.time()
    assert CANARY not in result.output
    assert not any(f'"{name}"' in result.stdout for name in ("behind", "broken", "gone"))


def test_list_that_cannot_be_read_is_a_file_too(project: Project) -> None:
    project.environment["MIGRATE__TARGETS__FILE"] = "absent.csv"

    result = project.migrate("status", "--all", "--format", "prometheus")

    assert result.exit_code == 2
    assert read_figures(result.stdout).names == {"sst_fleet_list_readable"}
    assert read_figures(result.stdout).value("fleet_list_readable") == 0


def test_other_commands_on_many_databases_have_no_metrics(project: Project) -> None:
    result = project.migrate("check", "--all", "--format", "gitlab")

    assert result.exit_code == 2
    assert "of many there is text, json, junit" in result.stderr


def test_moment_of_the_look_is_that_of_this_call(project: Project, tmp_path: Path) -> None:
    """An answer that was kept would look like a timer that has stopped."""
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0
    door = Door(project, tmp_path / "calls")
    door.warm("status")

    told = [door.call(*FORM) for _ in range(4)]

    read_at = [read_figures(each.stdout).value("database_read_timestamp_seconds") for each in told]
    assert [each.is_kept for each in told] == [False] * 4
    assert read_at == sorted(set(read_at))  # type: ignore[type-var]
