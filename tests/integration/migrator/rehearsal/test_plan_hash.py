"""`upgrade --plan HASH` runs the plan that was read, and no other."""

from __future__ import annotations

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


def test_comment_is_no_other_plan(planned: Project) -> None:
    plan = _hash(planned)
    with (planned.root / _FILE).open("a") as file:
        file.write("\n# read by two of us\n")

    assert planned.migrate("upgrade", "--plan", plan).exit_code == 0


def test_nothing_pending_has_no_hash(planned: Project) -> None:
    assert planned.migrate("upgrade").exit_code == 0

    assert planned.migrate("plan", "--json").json["plan_hash"] is None


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
