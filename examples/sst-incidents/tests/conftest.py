"""A project of the platform with the tables that this package refers to, and the package in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sst.testing import Project

pytest_plugins = ["sst.testing"]

# The id is the real one: the plugin's first revision depends on it.
SITES = "1f0c5a7e9b21"


@pytest.fixture
def incidents(project: Project) -> Project:
    """Return a project with one site, upgraded with the plugin."""
    project.revision(
        SITES,
        "op.create_table('sites', sa.Column('id', sa.BigInteger, primary_key=True))\n"
        "op.execute('INSERT INTO sites VALUES (7)')",
        "op.drop_table('sites')",
    )
    project.enable("incidents")
    upgraded = project.migrate("upgrade")
    assert upgraded.exit_code == 0, upgraded.output
    return project
