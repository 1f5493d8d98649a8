"""Every revision of the project is clean: a rule that speaks is accepted there, with a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.migrations.chain import scripts
from tests.migrations.rows import add_incidents
from tests.support.clone import Clone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.migrations.chain import Chain

ROWS = "1f0c5a7e9b21"
"""The revision after which there are tables to fill."""


@pytest.mark.slow
def test_each_revision_is_clean_as_a_deployment_of_its_own(
    chain: Chain, database_url: str, tmp_path: Path
) -> None:
    clone = Clone.create(tmp_path / "clone", DATABASE_URL=database_url)
    found = {}
    for script in scripts():
        linted = clone.run("migrate.py", "lint", script.revision, "--json")
        lint = json.loads(linted.stdout)
        found[script.revision] = (
            [each["rule"] for each in lint["findings"] if not each["accepted"]],
            lint["by_form"],
        )
        chain.upgrade(script.revision)
        if script.revision == ROWS:
            add_incidents(chain, 2000)

    assert found == {script.revision: ([], 0) for script in scripts()}
