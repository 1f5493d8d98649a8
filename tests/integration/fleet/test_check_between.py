"""`upgrade --check-between`: the command `check` between two waves, on real databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.junit import read_junit
from tests.support.many import ONE_AFTER_THE_OTHER, ManyDatabases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.project import Outcome, Project

CANARY = ("--all", "--canary", "1", "--check-between", *ONE_AFTER_THE_OTHER)
PROBE = """
    from sst.hooks import Check, CheckResult, CheckStatus, Stage, hookimpl

    def look(inspection):
        if inspection.fetch("select current_setting('of.health', true)") == [("sick",)]:
            return CheckResult(CheckStatus.FAIL, "it is not well")
        return CheckResult(CheckStatus.PASS)

    @hookimpl
    def register_checks():
        return [Check("sick", look, stages=frozenset({Stage.CHECK}))]
"""
"""Nothing of it is seen at the end of a run: a fault that shows itself later."""
SET = """
    do $$ begin
        execute format('alter database %%I set of.health = %%L', current_database(), '%s');
    end $$
"""


@pytest.fixture
def many(project: Project, make_database: Callable[[], str]) -> ManyDatabases:
    """Return three databases of a project with a check that fails where one is sick."""
    project.revision("one", "op.create_table('work', sa.Column('id', sa.Integer))")
    project.plugin("probe", PROBE)
    project.enable("probe")
    return ManyDatabases.create(project, make_database, 3)


def upgrade(many: ManyDatabases, *words: str) -> Outcome:
    """Run `upgrade` with a canary of one database, a check after it, and *words*."""
    return many.project.migrate("upgrade", *CANARY, *words)


@pytest.fixture
def stopped(many: ManyDatabases) -> Outcome:
    """Return the call that the check of the canary t0 has stopped."""
    many.query("t0", SET % "sick")
    return upgrade(many, "--json")


def test_check_that_fails_after_the_canary_stops_the_rest(
    many: ManyDatabases, stopped: Outcome
) -> None:
    assert stopped.exit_code == 5
    assert stopped.json["error"]["message"].startswith("Stopped: 1 failure in the canary.")
    assert stopped.json["counts"] == {"failed": 1, "skipped": 2}
    canary = stopped.json["targets"]["t0"]
    assert (canary["exit_code"], canary["error"]["code"]) == (4, "check_failed")
    assert "is migrated, but its check failed." in canary["error"]["message"]
    assert "sick: it is not well" in canary["error"]["message"]
    assert [each["status"] for each in canary["checks"] if each["name"] == "sick"] == ["fail"]
    assert canary["applied"][0]["revision"] == "one"
    assert many.revisions() == {"t0": "one", "t1": None, "t2": None}
    assert many.runs() == {"t0": 1, "t1": 0, "t2": 0}


@pytest.mark.usefixtures("stopped")
def test_resume_checks_what_was_done_before_anything_begins(many: ManyDatabases) -> None:
    again = upgrade(many, "--resume")
    many.query("t0", SET % "well")
    mended = upgrade(many, "--resume", "--json")

    assert again.exit_code == 5
    assert again.stdout.startswith("t0\tfailed\tThe schema is migrated, but its check failed.")
    assert mended.exit_code == 0, mended.output
    assert mended.json["counts"] == {"done": 2, "unchanged": 1}
    assert many.runs() == {"t0": 1, "t1": 1, "t2": 1}


def test_failing_check_is_a_failure_of_junit(many: ManyDatabases) -> None:
    many.query("t0", SET % "sick")

    result = upgrade(many, "--format", "junit")

    cases = {case.get("name"): case for case in read_junit(result.stdout).iter("testcase")}
    [failure] = cases["t0"]
    assert (failure.tag, failure.get("type")) == ("failure", "check_failed")
    assert "sick" in (failure.get("message") or "")


def test_failing_check_within_the_budget_stops_nothing(many: ManyDatabases) -> None:
    many.query("t1", SET % "sick")
    many.urls["t9"] = many.urls.pop("t2")
    many.write()

    result = upgrade(many, "--canary", "t0,t1", "--max-failures", "1", "--json")

    assert result.exit_code == 5, "a canary has no budget"
    result = upgrade(many, "--resume", "--max-failures", "1", "--json")
    assert result.exit_code == 1, result.output
    assert result.json["counts"] == {"done": 1, "unchanged": 1, "failed": 1}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--all",), "add --canary"),
        (("one", "--all", "--canary", "1"), "pending behind one"),
        ((), "no databases are chosen"),
    ],
)
def test_check_between_nothing_is_wrong_usage(
    many: ManyDatabases, words: tuple[str, ...], why: str
) -> None:
    result = many.project.migrate("upgrade", *words, "--check-between")

    assert result.exit_code == 2
    assert why in result.output
    assert set(many.runs().values()) == {0}
