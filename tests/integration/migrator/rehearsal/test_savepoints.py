"""What is rolled back within a revision leaves no trace in what is told of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

_ADDED = "op.execute('alter table note add x integer')"
_TAKEN_BACK = """
with op.get_bind().begin_nested() as point:
    op.execute('alter table note alter id type bigint')
    point.rollback()
"""


@pytest.fixture
def pending(project: Project) -> Project:
    """Return a project with a table."""
    project.enable("backup")
    project.revision("one", "op.execute('create table note (id integer primary key)')")
    assert project.migrate("upgrade", "--no-plugin", "backup").exit_code == 0
    return project


@pytest.mark.parametrize(
    "body",
    [
        f"{_ADDED}\n{_TAKEN_BACK}",
        f"{_ADDED}\n{_TAKEN_BACK}\n{_ADDED.replace(' x ', ' y ')}",
        f"{_TAKEN_BACK}\n{_ADDED}",
    ],
)
def test_lock_before_a_savepoint_that_is_rolled_back_is_told_once(
    pending: Project, body: str
) -> None:
    """A table that was written anew within it has its old file again."""
    pending.revision("three", body)

    found = _planned(pending)

    assert [each for each in found if not each["line"]] == []
    assert len(found) == body.count("alter table")
    assert [each["rewrites"] != [] for each in found] == ["type" in each["sql"] for each in found]


def test_lock_behind_a_savepoint_that_is_rolled_back_is_told(pending: Project) -> None:
    """The one within it was released."""
    sent = "op.get_bind().connection.cursor().execute('alter table note add x integer')"
    pending.revision("three", f"{_TAKEN_BACK}\n{sent}")

    rolled_back, kept = _planned(pending)

    assert rolled_back["line"] != 0
    assert (kept["line"], kept["blocks"]) == (0, "reads and writes")


def _planned(project: Project) -> list[dict[str, Any]]:
    plan = project.migrate("plan", "--json")
    assert plan.json["rehearsed"], plan.json["why_not"]
    found: list[dict[str, Any]] = plan.json["revisions"][0]["statements"]
    return found
