"""A long list of revisions is counted in a message, and whole in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

MANY = [f"r{number:02d}" for number in range(8)]


@pytest.fixture
def long(project: Project) -> Project:
    """Make a project with eight revisions that do nothing."""
    for name in MANY:
        project.revision(name)
    return project


def test_failed_run_counts_what_is_committed(long: Project) -> None:
    long.revision("broken", "op.execute('selekt 1')")

    result = long.migrate("upgrade", "--json")

    error = result.json["error"]
    assert "Committed in this run: r00, r01, r02, r03, r04 and 3 more." in error["message"]
    assert error["committed"] == MANY
    assert [each["revision"] for each in result.json["applied"]] == MANY


def test_lost_revisions_are_counted(long: Project) -> None:
    assert long.migrate("upgrade").exit_code == 0
    long.query("delete from alembic_version")

    error = long.migrate("check", "--json").json["error"]

    assert error["code"] == "version_table_behind"
    assert "and 3 more" in error["message"]
    assert error["revisions"] == MANY


def test_prefix_of_many_revisions_counts_them(project: Project) -> None:
    names = [project.revision(f"same{number}") for number in range(8)]

    error = project.migrate("upgrade", "same", "--json").json["error"]

    assert error["code"] == "revision_ambiguous"
    assert "same0, same1, same2, same3, same4 and 3 more" in error["message"]
    assert error["revisions"] == names


def test_several_heads_are_counted(project: Project) -> None:
    project.revision("root")
    heads = [project.revision(f"head{number}", down="root") for number in range(7)]

    error = project.migrate("upgrade", "head", "--json").json["error"]

    assert error["code"] == "several_heads"
    assert "head4 and 2 more" in error["message"]
    assert error["revisions"] == heads


def test_changes_that_a_check_counts_are_whole_in_json(long: Project) -> None:
    assert long.migrate("upgrade").exit_code == 0
    tables = [f"made_{number}" for number in range(7)]
    long.query("; ".join(f"create table {name} (id int)" for name in tables))

    checks = long.migrate("check", "--json").json["checks"]

    [schema] = [check for check in checks if check["name"] == "schema"]
    assert "and 2 more" in schema["detail"]
    assert len(schema["items"]) == len(tables)
    assert all(name in " ".join(schema["items"]) for name in tables)


def test_unknown_revisions_are_counted(long: Project) -> None:
    assert long.migrate("upgrade").exit_code == 0
    strange = [f"x{number}" for number in range(7)]
    long.query("delete from alembic_version")
    for name in strange:
        long.query("insert into alembic_version values (%s)", name)

    error = long.migrate("upgrade", "--json").json["error"]

    assert error["code"] == "unknown_revision"
    assert "x4 and 2 more" in error["message"]
    assert error["revisions"] == strange
