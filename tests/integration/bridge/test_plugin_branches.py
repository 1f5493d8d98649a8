"""Tables that a plugin brings: with the project's in one plan, and taken back alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.branches import Branch

if TYPE_CHECKING:
    from tests.support.project import Outcome, Project

ID = "sa.Column('id', sa.Integer, primary_key=True)"


def a_table(project: Project, name: str) -> str:
    """Write a revision of the project that creates a table, both of that name."""
    create = f"op.create_table({name!r}, {ID})"
    return project.revision(name, create, f"op.drop_table({name!r})")


def tables(project: Project) -> set[str]:
    """Return the tables of the project and its plugins."""
    rows = project.query("select tablename from pg_tables where schemaname = 'public'")
    return {name for (name,) in rows} - {"alembic_version"}


def planned(result: Outcome) -> list[str]:
    """Return the revisions of a plan, in its order."""
    return [row["revision"] for row in result.json["revisions"]]


def restore_failed_run(project: Project, target: str) -> Outcome:
    """Downgrade with the confirmation that a base asks for."""
    name = project.database_url.rpartition("/")[2].partition("?")[0]
    return project.migrate("downgrade", target, "--confirm", name)


@pytest.fixture
def audit(project: Project) -> Branch:
    """Return a branch of two tables that needs the project's first revision of two."""
    a_table(project, "sites")
    branch = Branch.create(project)
    branch.table("events", depends_on="sites")
    branch.table("details")
    a_table(project, "workers")
    project.enable("audit")
    return branch


@pytest.mark.usefixtures("audit")
def test_one_plan_holds_the_projects_revisions_and_the_plugins(project: Project) -> None:
    plan = project.migrate("plan", "--json")
    upgrade = project.migrate("upgrade", "--json")

    assert planned(plan) == ["sites", "events", "details", "workers"]
    assert [row["revision"] for row in upgrade.json["applied"]] == planned(plan)
    assert project.current_revision() == "details,workers"
    assert tables(project) == {"sites", "workers", "events", "details"}
    assert len(project.query("select 1 from migrator.run")) == 1


@pytest.mark.usefixtures("audit")
def test_record_says_whose_revision_it_was(project: Project) -> None:
    project.migrate("upgrade")

    rows = project.query("select revision, plugin, branch from migrator.step order by position")

    assert rows == [
        ("sites", None, None),
        ("events", "audit", "audit"),
        ("details", "audit", "audit"),
        ("workers", None, None),
    ]


@pytest.mark.usefixtures("audit")
@pytest.mark.parametrize(
    ("target", "plan", "left"),
    [
        ("audit@-1", ["details"], "events,workers"),
        ("audit@base", ["details", "events"], "workers"),
        ("sites", ["workers"], "details"),
    ],
)
def test_branch_is_taken_back_alone(
    project: Project, target: str, plan: list[str], left: str
) -> None:
    """`sites` takes back the project's newer revision, and leaves the branch that needs it."""
    project.migrate("upgrade")

    shown = project.migrate("plan", target, "--json")
    done = restore_failed_run(project, target)

    assert planned(shown) == plan
    assert done.exit_code == 0, done.output
    assert project.current_revision() == left
    assert tables(project) == {"sites", "workers", "events", "details"} - set(plan)
    assert project.migrate("upgrade").exit_code == 0
    assert project.current_revision() == "details,workers"


@pytest.mark.usefixtures("audit")
def test_base_of_a_branch_asks_for_the_databases_name(project: Project) -> None:
    """It drops every table of the plugin."""
    project.migrate("upgrade")

    refused = project.migrate("downgrade", "audit@base")

    assert refused.exit_code == 5
    assert "--confirm" in refused.stderr
    assert project.current_revision() == "details,workers"


@pytest.mark.usefixtures("audit")
def test_project_below_what_a_branch_needs_takes_the_branch_along(project: Project) -> None:
    project.migrate("upgrade")

    done = restore_failed_run(project, "base")

    assert done.exit_code == 0, done.output
    assert project.current_revision() is None
    assert tables(project) == set()


def test_branch_on_top_of_the_projects_head_hides_no_head(project: Project) -> None:
    """Its row implies the project's, which comes back when the branch goes."""
    a_table(project, "sites")
    Branch.create(project).table("events", depends_on="sites")
    project.enable("audit")

    upgraded = project.migrate("upgrade")
    above = project.current_revision()
    a_table(project, "workers")
    again = project.migrate("upgrade")
    together = project.current_revision()
    back = restore_failed_run(project, "audit@base")

    assert [each.exit_code for each in (upgraded, again, back)] == [0, 0, 0], again.output
    assert (above, together) == ("events", "events,workers")
    assert project.current_revision() == "workers"


def test_taking_back_a_branch_on_top_of_the_head_leaves_the_head(project: Project) -> None:
    a_table(project, "sites")
    Branch.create(project).table("events", depends_on="sites")
    project.enable("audit")
    project.migrate("upgrade")

    done = restore_failed_run(project, "audit@base")

    assert done.exit_code == 0, done.output
    assert project.current_revision() == "sites"
    assert tables(project) == {"sites"}


def test_label_as_a_dependency_means_that_branchs_head(project: Project) -> None:
    """One plugin's tables may need another plugin's."""
    a_table(project, "sites")
    Branch.create(project, "audit").table("events")
    Branch.create(project, "billing").table("invoices", depends_on="audit")
    project.enable("billing", "audit")

    plan = project.migrate("plan", "--json")

    assert planned(plan).index("events") < planned(plan).index("invoices")
    assert project.migrate("upgrade").exit_code == 0
    assert tables(project) == {"sites", "events", "invoices"}


# ------------------------------------------------------------------ without its plugin


@pytest.mark.usefixtures("audit")
def test_disabled_plugin_whose_branch_was_taken_back_leaves_nothing(project: Project) -> None:
    project.migrate("upgrade")
    restore_failed_run(project, "audit@base")

    project.enable()

    assert project.migrate("check").exit_code == 0
    upgraded = project.migrate("upgrade", "--json")
    assert (upgraded.exit_code, upgraded.json["state"]) == (0, "up_to_date"), upgraded.output
    assert "missing" not in project.migrate("history").stdout


@pytest.mark.usefixtures("audit")
@pytest.mark.parametrize("command", ["check", "upgrade", "plan", "stamp head", "downgrade sites"])
def test_plugin_disabled_while_its_tables_are_there_is_named(
    project: Project, command: str
) -> None:
    project.migrate("upgrade")
    before = project.current_revision()

    project.enable()
    result = project.migrate(*command.split(), "--json")

    assert result.exit_code == 6, result.output
    assert result.json["error"]["code"] == "plugin_missing"
    assert "'audit', which is not enabled" in result.json["error"]["message"]
    assert "downgrade audit@base" in result.json["error"]["hint"]
    assert project.current_revision() == before


@pytest.mark.usefixtures("audit")
def test_enabling_it_again_is_enough(project: Project) -> None:
    project.migrate("upgrade")
    project.enable()
    a_table(project, "visits")
    refused = project.migrate("upgrade")

    project.enable("audit")
    upgraded = project.migrate("upgrade")

    assert (refused.exit_code, upgraded.exit_code) == (6, 0)
    assert project.current_revision() == "details,visits"


@pytest.mark.usefixtures("audit")
def test_stamped_branch_is_told_with_the_run_that_wrote_it(project: Project) -> None:
    """A stamp runs no revision, so no step says whose it was: no plugin is named by a guess."""
    project.migrate("stamp", "heads")

    project.enable()
    result = project.migrate("check", "--json")

    assert (result.exit_code, result.json["error"]["code"]) == (6, "database_ahead")
    assert project.last_run()["id"] in result.json["error"]["message"]


def test_older_version_of_a_plugin_is_told_from_a_missing_one(
    project: Project, audit: Branch
) -> None:
    project.migrate("upgrade")

    (audit.folder / "01_details.py").unlink()
    result = project.migrate("upgrade")

    assert result.exit_code == 6
    assert "ahead of the plugin 'audit'" in result.stderr
    assert "details" in result.stderr


# ------------------------------------------------------------------ stamp


@pytest.mark.usefixtures("audit")
@pytest.mark.parametrize(
    ("start", "target", "rows"),
    [
        ("heads", "audit@events", "events,workers"),
        ("audit@events", "heads", "details,workers"),
        ("heads", "audit@base", "workers"),
        ("heads", "base", None),
        ("audit@head", "workers", "details,workers"),
        ("audit@head", "audit@base", "sites"),
        ("workers", "audit@head", "details,workers"),
    ],
)
def test_stamp_moves_one_branch_and_keeps_the_others(
    project: Project, start: str, target: str, rows: str | None
) -> None:
    """A row beside the target stays; what a row implied comes back when it goes."""
    project.migrate("stamp", start)

    result = project.migrate("stamp", target, "--json")

    assert result.exit_code == 0, result.output
    assert project.current_revision() == rows
    assert result.json["after"] == rows
    assert project.migrate("current").exit_code == 0
