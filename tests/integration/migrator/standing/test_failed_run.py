"""A run that failed is seen wherever somebody looks, until a later one has succeeded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.chain import write_chain

if TYPE_CHECKING:
    from tests.support.project import Project

SPOILT = """
from pathlib import Path
from sst.hooks import Check, CheckResult, CheckStatus, Stage, hookimpl

def ask(look):
    status = CheckStatus.FAIL if Path("spoilt").exists() else CheckStatus.PASS
    return CheckResult(status, "one row too many")

@hookimpl
def register_checks():
    return [Check("rows", ask, frozenset({Stage.RUN}))]
"""


@pytest.fixture
def failed(project: Project) -> Project:
    """Return a project after a run that failed in its second revision."""
    write_chain(project)
    (project.root / "broken").touch()
    assert project.migrate("upgrade").exit_code == 1
    return project


def mend(project: Project) -> None:
    """Let the second revision succeed."""
    (project.root / "broken").unlink()
    assert project.migrate("upgrade").exit_code == 0


def test_check_has_the_failed_run_and_its_exit_code_is_that_of_what_is_pending(
    failed: Project,
) -> None:
    text, found = failed.migrate("check"), failed.migrate("check", "--json").json

    assert text.stdout.splitlines()[0].startswith(
        "failed run\tupgrade head\tfailed at revision two"
    )
    assert (found["exit_code"], found["error"]["code"]) == (3, "pending")
    assert found["failed_run"]["id"] == found["last_run"]["id"] == failed.last_run()["id"]
    assert found["running"] is None
    assert found["error"]["hint"].startswith("correct the cause (`python migrate.py runs show ")


def test_check_is_silent_when_a_later_run_has_succeeded(failed: Project) -> None:
    mend(failed)

    text, found = failed.migrate("check"), failed.migrate("check", "--json").json

    assert (text.exit_code, "nowhere" in text.output) == (0, False)
    assert (found["failed_run"], found["last_run"]["outcome"]) == (None, "succeeded")


def test_run_that_left_the_schema_up_to_date_and_unwell_is_told_and_changes_no_exit_code(
    failed: Project,
) -> None:
    mend(failed)
    failed.plugin("rows", SPOILT)
    failed.enable("rows")
    failed.revision("three")
    (failed.root / "spoilt").touch()
    assert failed.migrate("upgrade").exit_code == 4

    check, status = failed.migrate("check"), failed.migrate("status")

    assert check.exit_code == status.exit_code == 0
    assert "one row too many" in check.stdout.splitlines()[0]
    assert status.stdout.splitlines()[0] == (
        "The last run migrated, but a check failed afterwards; no revision is pending."
    )


def test_history_has_failed_and_why_at_the_revision(failed: Project) -> None:
    text, found = failed.migrate("history"), failed.migrate("history", "--json").json

    states = {row["revision"]: row["state"] for row in found["revisions"]}
    [error] = [row["error"] for row in found["revisions"] if "error" in row]
    assert states == {"two": "failed", "one": "applied"}
    assert 'relation "nowhere" does not exist' in error
    assert "two\tfailed\t" in text.stdout
    assert error in text.stdout


def test_history_is_pending_again_when_the_failure_is_made_good(failed: Project) -> None:
    mend(failed)
    failed.migrate("downgrade", "-1")

    found = failed.migrate("history", "--json").json["revisions"]

    assert {row["revision"]: row["state"] for row in found} == {
        "two": "pending",
        "one": "applied",
    }


def test_next_run_says_first_that_an_earlier_one_failed(failed: Project) -> None:
    before = failed.last_run()["id"]

    again = failed.migrate("upgrade")

    first = again.stderr.splitlines()[0]
    assert "WARNING" in first
    assert f"{before}" in first
    assert "failed at revision two" in first
    mend(failed)
    failed.revision("three")
    assert "an earlier run" not in failed.migrate("upgrade").stderr


def test_stamp_makes_good_what_had_failed(failed: Project) -> None:
    """It is the operator's word: this is where the database is."""
    assert failed.migrate("stamp", "two").exit_code == 0

    found = failed.migrate("status", "--json").json

    assert (found["exit_code"], found["failed_run"]) == (0, None)


@pytest.mark.parametrize("outcome", ["failed", "interrupted"])
def test_next_step_ends_a_failed_upgrade_whose_revision_is_gone(
    failed: Project, outcome: str
) -> None:
    """Nothing is pending then, and an upgrade with nothing to do leaves no run on record."""
    failed.query("update migrator.run set outcome = %s", outcome)
    next((failed.root / "alembic" / "versions").glob("*_two.py")).unlink()
    next_step = failed.migrate("status").stdout.splitlines()[-1]
    *_, command = re.findall(r"`python migrate\.py ([^`]+)`", next_step)

    done = failed.migrate(*command.split())

    found = failed.migrate("status", "--json").json
    assert done.exit_code == 0, done.output
    assert (found["failed_run"], found["headline"]) == (None, "The database is up to date.")


def test_thousands_of_failed_runs_slow_down_no_look(failed: Project) -> None:
    """A deploy that is tried again every minute leaves so many in three weeks."""
    failed.query(MANY_FAILED)

    status, history = failed.migrate("status"), failed.migrate("history", "--json")

    # Slow is 75: the server did not answer in time.
    assert status.exit_code == 3, status.output
    assert "failed at revision two" in status.stdout.splitlines()[0]
    assert [row["state"] for row in history.json["revisions"]] == ["failed", "applied"]


MANY_FAILED = """
    insert into migrator.run
    select (jsonb_populate_record(r, jsonb_build_object(
        'id', r.id || '_' || i, 'started_at', r.started_at - i * interval '1 minute'))).*
    from migrator.run r, generate_series(1, 30000) i
"""
