"""`upgrade --plan HASH` runs the plan that was read, and no other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

_FILE = "alembic/versions/20260001_two.py"


@pytest.fixture
def planned(project: Project) -> Project:
    """Return a project with two pending revisions."""
    project.revision("one", "op.execute('create table note (id integer)')")
    project.revision("two", "op.execute('alter table note add x integer')")
    return project


def test_plan_that_was_read_runs_once(planned: Project) -> None:
    """Again there is nothing to do, which is no other plan."""
    plan = _hash(planned)

    runs = [planned.migrate("upgrade", "--plan", plan) for _ in range(2)]

    assert [run.exit_code for run in runs] == [0, 0]
    assert planned.current_revision() == "two"


@pytest.mark.parametrize("change", ["code", "more", "moved"])
def test_other_plan_is_refused(planned: Project, change: str) -> None:
    """After an edit, with one more revision, and from another place."""
    plan = _hash(planned)
    _change(planned, change)
    before = planned.current_revision()

    run = planned.migrate("upgrade", "--plan", plan, "--json")

    assert (run.exit_code, run.json["error"]["code"]) == (5, "plan_changed")
    assert planned.current_revision() == before


@pytest.mark.parametrize("plan", ["", " \n"])
def test_empty_hash_is_no_hash(planned: Project, plan: str) -> None:
    """A script's variable that is not set would let every plan pass, or look as if it moved."""
    run = planned.migrate("upgrade", "--plan", plan, "--json")

    assert (run.exit_code, run.json["error"]["code"]) == (2, "usage")
    assert "--plan has no value: the hash is empty." in run.json["error"]["message"]
    assert planned.current_revision() is None


def test_comment_is_no_other_plan(planned: Project) -> None:
    plan = _hash(planned)
    with (planned.root / _FILE).open("a") as file:
        file.write("\n# read by two of us\n")

    assert planned.migrate("upgrade", "--plan", plan).exit_code == 0


def test_nothing_pending_has_no_hash(planned: Project) -> None:
    assert planned.migrate("upgrade").exit_code == 0

    assert planned.migrate("plan", "--json").json["plan_hash"] is None


@pytest.mark.parametrize("target", ["", "one"])
def test_advice_of_a_plan_runs_that_plan(planned: Project, target: str) -> None:
    """It names the target that was planned."""
    words = [target] if target else []

    plan = planned.migrate("plan", *words, "-v", "--no-rehearsal")
    advice = re.search(r"`python migrate.py (upgrade .*)`", plan.stderr)
    assert advice
    run = planned.migrate(*advice[1].split())

    assert run.exit_code == 0, run.output
    assert planned.current_revision() == (target or "two")


def test_way_back_has_no_hash_to_run(planned: Project) -> None:
    """Only an upgrade takes one."""
    planned.migrate("upgrade")

    plan = planned.migrate("plan", "base", "-v", "--no-rehearsal")

    assert (plan.exit_code, "--plan" in plan.output) == (0, False)


def _hash(project: Project) -> str:
    found: str = project.migrate("plan", "--json").json["plan_hash"]
    return found


def _change(project: Project, change: str) -> None:
    if change == "code":
        file = project.root / _FILE
        file.write_text(file.read_text().replace("x integer", "x bigint"))
    elif change == "more":
        project.revision("three", "op.execute('select 1')")
    else:
        assert project.migrate("upgrade", "one").exit_code == 0
