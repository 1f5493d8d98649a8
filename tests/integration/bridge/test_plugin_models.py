"""Models that a plugin brings: compared with the project's, written into the plugin's folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.branches import Branch, describe_project

if TYPE_CHECKING:
    from tests.support.project import Project

ID = "sa.Column('id', sa.Integer, primary_key=True)"
SITES = f"sa.Table('sites', metadata, {ID}, sa.Column('code', sa.Text))"
# The plugin names no more of the project's table than it refers to.
EVENTS = f"""
    sa.Table("sites", metadata, {ID})
    sa.Table("events", metadata, {ID}, sa.Column("site_id", sa.ForeignKey("sites.id")))
"""


@pytest.fixture
def audit(project: Project) -> Branch:
    """Return a plugin with a table that refers to one of the project's, both upgraded."""
    describe_project(project, SITES)
    project.revision("sites", f"op.create_table('sites', {ID}, sa.Column('code', sa.Text))")
    branch = Branch.create(project, models=EVENTS)
    branch.revision(
        "events",
        f"op.create_table('events', {ID}, sa.Column('site_id', sa.Integer))\n"
        "op.create_foreign_key('events_site_id_fkey', 'events', 'sites', ['site_id'], ['id'])",
        "op.drop_table('events')",
        depends_on="sites",
    )
    project.enable("audit", "health_check")
    assert project.migrate("upgrade").exit_code == 0
    return branch


def written(project: Project, *arguments: str) -> Path:
    """Write a revision and return its file."""
    result = project.migrate("revision", "-m", "more", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return Path(result.json["path"])


@pytest.mark.usefixtures("audit")
def test_models_and_schema_agree_across_the_plugin_and_the_project(project: Project) -> None:
    """The foreign key leads from one's models to the other's, which name `sites` twice."""
    result = project.migrate("check")

    assert result.exit_code == 0, result.output
    assert "models and schema agree" in result.stdout


@pytest.mark.usefixtures("audit")
def test_drift_in_a_plugins_table_is_found(project: Project) -> None:
    project.query("alter table events add column extra text")

    result = project.migrate("check")

    assert result.exit_code == 3
    assert "extra" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "table"), [((), "workers"), (("--head", "audit@head"), "details")]
)
def test_autogenerate_writes_one_branchs_tables_into_its_own_folder(
    project: Project, audit: Branch, arguments: tuple[str, ...], table: str
) -> None:
    describe_project(project, f"{SITES}\nsa.Table('workers', metadata, {ID})")
    audit.describe(f"{EVENTS}\n    sa.Table('details', metadata, {ID})")

    file = written(project, "--autogenerate", *arguments)

    folder = audit.folder if arguments else project.root / "alembic" / "versions"
    [created] = [line for line in file.read_text().splitlines() if "create_table(" in line]
    assert file.parent == folder
    assert f"'{table}'" in created
    assert project.migrate("upgrade", "--set", "PLUGINS__ENABLED=audit").exit_code == 0
    assert project.query(f"select to_regclass('{table}') is not null") == [(True,)]


def test_first_revision_of_a_branch_is_its_base_and_carries_the_label(project: Project) -> None:
    """An author begins with models and an empty folder."""
    describe_project(project, SITES)
    project.revision("sites", f"op.create_table('sites', {ID}, sa.Column('code', sa.Text))")
    branch = Branch.create(project, models=f"sa.Table('events', metadata, {ID})")
    project.enable("audit")
    project.migrate("upgrade")

    file = written(project, "--autogenerate", "--head", "audit@head")
    upgraded = project.migrate("upgrade")

    assert file.parent == branch.folder
    assert "branch_labels: str | tuple[str, ...] | None = ('audit',)" in file.read_text()
    assert upgraded.exit_code == 0, upgraded.output
    assert project.query("select to_regclass('events') is not null") == [(True,)]


@pytest.mark.usefixtures("audit")
def test_revision_without_a_head_follows_the_projects_own(project: Project) -> None:
    file = written(project)

    assert file.parent == project.root / "alembic" / "versions"
    assert 'down_revision: str | tuple[str, ...] | None = "sites"' in file.read_text()


@pytest.mark.usefixtures("audit")
def test_merge_of_a_branch_with_the_project_is_refused(project: Project) -> None:
    project.revision("workers")

    result = project.migrate("revision", "-m", "merge", "--head", "heads")

    assert result.exit_code == 2
    assert "audit of the plugin audit could never be taken back alone" in result.stderr


# ------------------------------------------------------------------ refused


def test_two_plugins_with_one_label_are_refused(project: Project) -> None:
    Branch.create(project, "audit")
    Branch.create(project, "ledger", label="audit")
    project.enable("audit", "ledger")

    result = project.migrate("upgrade")

    assert result.exit_code == 2
    assert "plugin ledger: the branch label 'audit' is taken by the plugin audit" in result.stderr


def test_two_plugins_with_one_table_are_refused(project: Project) -> None:
    describe_project(project, SITES)
    for name in ("audit", "ledger"):
        Branch.create(project, name, models=f"sa.Table('events', metadata, {ID})")
    project.enable("audit", "ledger")

    result = project.migrate("upgrade")

    assert result.exit_code == 2
    assert "plugin ledger: the table events is one of the plugin audit as well" in result.stderr


def test_missing_folder_is_named_before_anything_connects(project: Project) -> None:
    """Revisions that a package's build forgot must not look like a plugin without any."""
    branch = Branch.create(project)
    branch.folder.rmdir()
    project.enable("audit")

    result = project.migrate("upgrade", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")

    assert result.exit_code == 2
    assert (
        "plugin audit: the folder of the branch audit, audit_versions, does not" in result.stderr
    )


def test_branch_that_grows_out_of_the_projects_revisions_is_refused(project: Project) -> None:
    """Its base would be the project's: `audit@base` would drop every table there is."""
    project.revision("sites", f"op.create_table('sites', {ID})")
    Branch.create(project).revision("events", down="sites")
    project.enable("audit")

    result = project.migrate("upgrade")

    assert result.exit_code == 6
    assert 'depends_on = "sites"' in result.stderr
