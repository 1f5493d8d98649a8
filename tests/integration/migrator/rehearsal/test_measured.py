"""A revision that ran here before has a time on record, which a plan takes where it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

_ROWS = """
create table work (id integer primary key, a integer);
insert into work select i, i from generate_series(1, 100000) i;
analyze work;
"""


@pytest.fixture
def taken_back(project: Project) -> Project:
    """Return a project whose one revision has run, and was taken back."""
    project.enable("backup")
    project.query(_ROWS)
    project.revision("one", "op.create_index('i', 'work', ['a'])", "op.drop_index('i')")
    project.enable()
    assert project.migrate("upgrade").exit_code == 0
    assert project.migrate("downgrade", "-1").exit_code == 0
    project.enable("backup")
    return project


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(200, {"low": 0.1, "high": 0.4, "known": "measured"}), (900_000, None)],
)
def test_time_on_record_counts_where_it_fits_the_tables_of_now(
    taken_back: Project, milliseconds: int, expected: dict[str, Any] | None
) -> None:
    """A time of other tables than those of now says nothing."""
    taken_back.query("update migrator.step set duration_ms = %s", milliseconds)

    plan = taken_back.migrate("plan", "--json")

    [[found]] = [each["statements"] for each in plan.json["revisions"]]
    if expected is None:
        assert found["seconds"]["known"] == "inferred"
    else:
        assert found["seconds"] == expected


def test_other_code_of_the_same_name_has_no_time_on_record(taken_back: Project) -> None:
    taken_back.query("update migrator.step set duration_ms = 200, checksum = 'another'")

    plan = taken_back.migrate("plan", "--json")

    [[found]] = [each["statements"] for each in plan.json["revisions"]]
    assert found["seconds"]["known"] == "inferred"
