"""`status --format prometheus` is a whole file of metrics, whatever became of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.metrics import read_figures

if TYPE_CHECKING:
    from tests.support.project import Project

FORM = ("status", "--format", "prometheus")
CANARY = "canary-of-the-textfile"


def test_pending_database_is_a_file_and_exit_3(project: Project) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")

    result = project.migrate(*FORM)

    found = read_figures(result.stdout)
    assert result.exit_code == 3
    assert found.hot("schema_state", "state") == ["empty"]
    assert found.value("schema_pending_revisions") == 1


def test_file_has_what_the_endpoint_has_of_the_database(project: Project) -> None:
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    assert project.migrate("upgrade").exit_code == 0

    result = project.migrate(*FORM)

    found = read_figures(result.stdout)
    assert result.exit_code == 0
    assert found.hot("migration_last_run_outcome", "outcome") == ["succeeded"]
    assert found.value("schema_info", revision="one", head="one") == 1
    assert found.text.endswith("\n")


def test_unreachable_database_is_a_file_that_says_so(project: Project) -> None:
    project.database_url = f"postgresql://nobody:{CANARY}@127.0.0.1:1/gone"

    result = project.migrate(*FORM)

    assert result.exit_code == 75
    assert read_figures(result.stdout).names == {"sst_database_readable"}
    assert "next:" in result.stderr
    assert CANARY not in result.output


def test_settings_that_cannot_be_read_are_a_file_too(project: Project) -> None:
    result = project.migrate(*FORM, "--set", "migrate.lock_wait=never")

    assert result.exit_code == 2
    assert read_figures(result.stdout).value("database_readable") == 0
