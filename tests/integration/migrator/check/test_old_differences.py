"""Models and schema that have differed for years: no run is blamed for it, `check` says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.branches import describe_project

if TYPE_CHECKING:
    from tests.support.project import Project

ID = "sa.Column('id', sa.Integer, primary_key=True)"
OLD = [f"c{number:02d}" for number in range(15)]
SITES = f"sa.Table('sites', metadata, {ID}, {', '.join(f'sa.Column({n!r})' for n in OLD)})"
NAME = "op.add_column('sites', sa.Column('name', sa.Text))"


@pytest.fixture
def old(project: Project) -> Project:
    """Return a project at head whose models have fifteen columns that the table has not."""
    describe_project(project, SITES)
    project.revision("sites", f"op.create_table('sites', {ID})")
    project.enable("health_check")
    project.migrate("upgrade")
    return project


def test_first_run_of_a_history_that_disagrees_with_its_models_is_healthy(
    project: Project,
) -> None:
    """Plain Alembic applies it; an empty database has nothing to compare the end with."""
    describe_project(project, SITES)
    project.revision("sites", f"op.create_table('sites', {ID})")
    project.revision("surplus", f"op.create_table('surplus', {ID})")
    project.enable("health_check")

    result = project.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert "16 differences between models and schema" in result.json["warnings"][0]


def test_differences_from_before_a_run_are_a_warning_of_it(old: Project) -> None:
    describe_project(old, SITES.replace(ID, f"{ID}, sa.Column('name', sa.Text)"))
    old.revision("name", NAME)

    upgraded, checked = old.migrate("upgrade", "--json"), old.migrate("check", "--json")

    assert upgraded.exit_code == 0, upgraded.output
    [warning] = upgraded.json["warnings"]
    assert warning.startswith("models: 15 differences from before the run between models and")
    assert "column sites.c00 is in the models but not in the database" in warning
    assert "and 12 more" in warning
    assert warning in upgraded.stderr or "and 12 more" in upgraded.stderr
    assert old.last_run()["outcome"] == "succeeded"
    assert (checked.exit_code, checked.json["error"]["code"]) == (3, "drift")


def test_difference_that_a_run_brings_makes_it_unhealthy(old: Project) -> None:
    """The models do not know the column that the revision adds."""
    old.revision("name", NAME)

    result = old.migrate("upgrade", "--json")

    assert result.exit_code == 4
    message = result.json["error"]["message"]
    assert (
        "1 difference between models and schema: column sites.name is in the database" in message
    )
    assert "c00" not in message


@pytest.mark.parametrize(("models", "warnings"), [("warn", 1), ("off", 0)])
def test_project_may_take_differences_less_gravely(
    old: Project, models: str, warnings: int
) -> None:
    old.settings["plugins.health_check.models"] = models
    old.revision("name", NAME)

    upgraded, checked = old.migrate("upgrade", "--json"), old.migrate("check", "--json")

    assert (upgraded.exit_code, checked.exit_code) == (0, 0)
    assert len(upgraded.json["warnings"]) == warnings
    assert len(checked.json["warnings"]) == warnings
