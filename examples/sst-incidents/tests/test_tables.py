"""The branch of revisions: there with the application's, gone alone."""

from __future__ import annotations

from sst.testing import Project, assert_conforms


def test_package_keeps_the_contract() -> None:
    assert_conforms("incidents")


def test_tables_come_with_the_applications(incidents: Project) -> None:
    assert incidents.current_revision() == "inc_c40d8e15"
    assert tables(incidents) == {"sites", "incident_reports", "incident_actions"}


def test_branch_goes_alone_and_comes_back(incidents: Project) -> None:
    name = incidents.database_url.rpartition("/")[2].partition("?")[0]

    back = incidents.migrate("downgrade", "incidents@base", "--confirm", name)
    left = tables(incidents)
    again = incidents.migrate("upgrade")

    assert (back.exit_code, again.exit_code) == (0, 0), back.output + again.output
    assert left == {"sites"}
    assert tables(incidents) == {"sites", "incident_reports", "incident_actions"}


def test_models_say_what_the_revisions_make(incidents: Project) -> None:
    """Else autogenerate would write the difference into the next revision."""
    env = incidents.root / "alembic" / "env.py"
    env.write_text(
        "from alembic import context\n"
        "import sqlalchemy as sa\n"
        "metadata = sa.MetaData()\n"
        "sa.Table('sites', metadata, sa.Column('id', sa.BigInteger, primary_key=True))\n"
        "context.configure(connection=context.config.attributes['connection'],\n"
        "    target_metadata=metadata, compare_type=True, compare_server_default=True)\n"
        "with context.begin_transaction():\n"
        "    context.run_migrations()\n"
    )
    incidents.enable("incidents", "health_check")

    checked = incidents.migrate("check")

    assert checked.exit_code == 0, checked.output
    assert "models and schema agree" in checked.stdout


def tables(project: Project) -> set[str]:
    """Return the tables of the application and of this package."""
    rows = project.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {name for (name,) in rows} - {"alembic_version"}
