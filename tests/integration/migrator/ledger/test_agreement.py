"""The version table and the record must agree: what is on record as applied is never run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.chain import SLEEP, kill_asleep, start_asleep

if TYPE_CHECKING:
    from tests.support.project import Outcome, Project

ROLES = "select count(*) from role"
RETURNS = """
import os
from sst.hooks import Veto, hookimpl

@hookimpl
def pre_migrate(run):
    if os.path.exists("veto"):
        raise Veto("not today")
"""


@pytest.fixture
def applied(project: Project) -> Project:
    """Two revisions that could run twice, both applied; the second one writes a row."""
    project.revision("a1", "op.execute('create table if not exists role (name text)')")
    project.revision("a2", "op.execute(\"insert into role values ('admin')\")")
    assert project.migrate("upgrade").exit_code == 0
    return project


def assert_behind(result: Outcome, *words: str) -> None:
    """Check that *result* is refused for the version table, and says each of *words*."""
    assert result.exit_code == 6, result.output
    error = result.json["error"]
    assert error["code"] == "version_table_behind"
    for word in words:
        assert word in f"{error['message']} {error['hint']}"


@pytest.mark.parametrize(
    "loss",
    [
        "delete from alembic_version",
        "drop table alembic_version",
        "update alembic_version set version_num = 'a1'",
    ],
    ids=["emptied", "dropped", "set-back"],
)
def test_version_table_behind_the_record_is_refused_and_stamp_is_the_way_on(
    applied: Project, loss: str
) -> None:
    run_id = applied.last_run()["id"]
    applied.query(loss)

    results = [applied.migrate(*words, "--json") for words in (["upgrade"], ["plan"], ["check"])]

    for result in results:
        assert_behind(result, run_id, "left the database at a2", "migrate.py stamp a2`")
    assert applied.query(ROLES) == [(1,)]
    assert applied.last_run()["id"] == run_id
    stamp = applied.migrate("stamp", "a2")
    again = applied.migrate("upgrade", "--json")
    assert (stamp.exit_code, again.exit_code, again.json["applied"]) == (0, 0, []), stamp.output
    assert applied.migrate("check").exit_code == 0
    assert applied.query(ROLES) == [(1,)]


def test_stamp_where_the_table_stands_settles_what_another_tool_took_back(
    applied: Project,
) -> None:
    applied.query("update alembic_version set version_num = 'a1'")
    applied.query("delete from role")
    refused = applied.migrate("upgrade", "--json")

    stamp = applied.migrate("stamp", "a1")
    upgrade = applied.migrate("upgrade", "--json")

    assert_behind(refused, "`python migrate.py stamp a1`")
    assert stamp.exit_code == 0
    assert [item["revision"] for item in upgrade.json["applied"]] == ["a2"]


def test_repair_and_wait_name_the_loss_and_leave_the_record(applied: Project) -> None:
    applied.query("delete from alembic_version")

    listed = applied.migrate("repair", "--json")
    repaired = applied.migrate("repair", "--yes", "--json")
    waited = applied.migrate("wait", "--for", "head", "--timeout", "60", "--json")

    for result in (listed, repaired):
        assert result.exit_code == 3, result.output
        [finding] = result.json["findings"]
        assert (finding["code"], finding["outcome"]) == ("version_table_behind", "found")
        assert "stamp a2" in result.json["error"]["hint"]
    assert_behind(waited, "stamp a2")
    assert_behind(applied.migrate("upgrade", "--json"), "stamp a2")


def test_lost_row_of_one_branch_is_found_beside_the_other(project: Project) -> None:
    project.revision("a1")
    project.revision("b1", down="a1", labels=("left",))
    project.revision("c1", down="a1", labels=("right",))
    assert project.migrate("upgrade", "heads").exit_code == 0
    project.query("delete from alembic_version where version_num = 'b1'")

    result = project.migrate("upgrade", "heads", "--json")
    stamp = project.migrate("stamp", "b1")

    assert_behind(result, "has lost b1", "`python migrate.py stamp b1`")
    assert (stamp.exit_code, project.current_revision()) == (0, "b1,c1")
    assert project.migrate("upgrade", "heads").exit_code == 0


def test_emptied_table_of_two_branches_is_put_right_by_one_command(project: Project) -> None:
    project.revision("b1", down=None, labels=("left",))
    project.revision("c1", down=None, labels=("right",))
    assert project.migrate("upgrade", "heads").exit_code == 0
    project.query("delete from alembic_version")

    result = project.migrate("upgrade", "heads", "--json")
    stamp = project.migrate("stamp", "b1", "c1")

    assert_behind(result, "`python migrate.py stamp b1 c1`")
    assert (stamp.exit_code, project.current_revision()) == (0, "b1,c1")
    assert project.last_run()["target"] == "b1 c1"


def test_what_moved_on_record_or_forward_is_no_loss(applied: Project) -> None:
    """A downgrade of ours, a stamp, and another tool's upgrade may all go on."""
    down = applied.migrate("downgrade", "a1")
    applied.query("update alembic_version set version_num = 'a2'")
    check = applied.migrate("check", "--json")
    applied.revision("a3")
    up = applied.migrate("upgrade", "--json")

    assert down.exit_code == 0, down.output
    assert (check.exit_code, check.json["error"]) == (0, None)
    assert any("ledger_disagrees" in str(each) for each in check.json["checks"])
    assert (up.exit_code, up.json["before"], up.json["after"]) == (0, "a2", "a3"), up.output


def test_runs_that_moved_nothing_do_not_forget_what_was_applied(applied: Project) -> None:
    """A refused and a failed run have read the version table, and brought nothing."""
    applied.plugin("returns", RETURNS)
    applied.enable("returns")
    applied.revision("a3", "raise ValueError('broken')")
    (applied.root / "veto").touch()
    refused = applied.migrate("upgrade")
    (applied.root / "veto").unlink()
    failed = applied.migrate("upgrade")
    stamp = applied.migrate("stamp", "nowhere")
    applied.query("delete from alembic_version")

    result = applied.migrate("upgrade", "--json")

    assert (refused.exit_code, failed.exit_code, stamp.exit_code) == (5, 1, 6)
    assert_behind(result, "stamp a2")


@pytest.mark.parametrize("target", ["-1", "a1", "nowhere"])
def test_downgrade_names_the_loss_before_it_looks_for_its_target(
    applied: Project, target: str
) -> None:
    applied.query("delete from alembic_version")

    result = applied.migrate("downgrade", target, "--json")

    assert_behind(result, "The version table has lost a1, a2", "migrate.py stamp a2`")


def test_what_a_killed_run_had_committed_is_known(applied: Project) -> None:
    applied.revision("a3")
    applied.revision("slow", SLEEP)
    kill_asleep(applied, start_asleep(applied))
    fine = applied.migrate("check", "--json")
    applied.query("delete from alembic_version")

    result = applied.migrate("upgrade", "--json")

    assert fine.json["error"]["code"] == "interrupted_run"
    assert_behind(result, "killed after a3", "`python migrate.py stamp a3`")


def test_histories_in_one_database_do_not_answer_for_each_other(applied: Project) -> None:
    """The record is shared; each version table is held against its own runs."""
    env = applied.root / "alembic" / "env.py"
    env.write_text(
        env.read_text().replace("connection=connection", "connection, version_table='b'")
    )

    result = applied.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert [item["revision"] for item in result.json["applied"]] == ["a1", "a2"]


def test_clock_that_was_set_back_leaves_the_newest_run_the_newest(applied: Project) -> None:
    applied.query("update migrator.run set started_at = started_at + interval '1 day'")

    down = applied.migrate("downgrade", "a1")
    up = applied.migrate("upgrade")
    applied.migrate("downgrade", "a1")

    assert (down.exit_code, up.exit_code) == (0, 0), up.output
    assert applied.migrate("upgrade").exit_code == 0


def test_refused_stamp_never_becomes_the_story(applied: Project) -> None:
    applied.query("update alembic_version set version_num = 'deadbeef1234'")

    results = [
        applied.migrate(*words, "--json")
        for words in (["upgrade"], ["stamp", "a1"], ["upgrade"], ["check"])
    ]

    for result in results:
        assert result.exit_code == 6
        assert result.json["error"]["code"] == "unknown_revision"
        assert "brought it there" not in result.json["error"]["message"]
    assert "stamp --purge a2`" in results[0].json["error"]["hint"]
    assert "stamp --purge a1`" in results[1].json["error"]["hint"]
    assert applied.last_run()["outcome"] == "refused"


def test_purge_is_the_way_out_of_a_revision_that_nobody_knows(applied: Project) -> None:
    applied.query("update alembic_version set version_num = 'deadbeef1234'")
    repair = applied.migrate("repair", "--yes", "--json")

    stamp = applied.migrate("stamp", "--purge", "a2", "--json")

    [finding] = repair.json["findings"]
    assert (repair.exit_code, finding["code"]) == (3, "unknown_revision")
    assert "stamp --purge a2`" in finding["remedy"]
    assert (stamp.exit_code, stamp.json["before"], stamp.json["after"]) == (
        0,
        "deadbeef1234",
        "a2",
    ), stamp.output
    assert applied.current_revision() == "a2"
    assert applied.last_run()["target"] == "--purge a2"
    assert applied.migrate("upgrade").exit_code == 0


def test_purge_of_a_target_that_does_not_exist_leaves_the_rows(applied: Project) -> None:
    result = applied.migrate("stamp", "--purge", "nowhere", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (6, "revision_not_found")
    assert applied.current_revision() == "a2"


def test_purge_in_production_asks_for_the_name(applied: Project) -> None:
    environment = {"ENV_FOR_DYNACONF": "production"}
    name = applied.query("select current_database()")[0][0]
    words = ("stamp", "--purge", "a1", "--allow-environment-change")

    refused = applied.migrate(*words, "--json", **environment)
    done = applied.migrate(*words, "--confirm", name, **environment)

    assert refused.json["error"]["code"] == "confirmation_required", refused.output
    assert f"--confirm {name}" in refused.json["error"]["hint"]
    assert (done.exit_code, applied.current_revision()) == (0, "a1"), done.output
