"""`/openapi.json` is true: Schemathesis finds no answer that contradicts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.served import TOKEN, serve_repository
from tests.support.web import bearer

if TYPE_CHECKING:
    from tests.support.project import Project

SCHEMATHESIS = [
    str(Path(sys.executable).with_name("schemathesis")),
    "run",
    "--checks=all",
    "--seed=1",
    "--max-examples=10",
    "--generation-database=none",
    "--suppress-health-check=too_slow",
    "--warnings=off",
    "--no-color",
]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("token", [None, TOKEN], ids=["without_token", "with_token"])
def test_no_answer_contradicts_the_description(
    migrated: Project, tmp_path: Path, token: str | None
) -> None:
    """Examples, the bounds of every field, bodies that do not fit, and requests in a row."""
    environment = {
        "DATABASE_URL": migrated.database_url,
        "OPERATIONS_TOKEN": TOKEN,
        "PLUGINS__ENABLED": "[]",
    }

    with serve_repository(environment, tmp_path) as served:
        served.get("/livez")
        headers = [f"--header={name}: {value}" for name, value in bearer(token).items()]
        done = subprocess.run(
            [*SCHEMATHESIS, *headers, f"{served.url}/openapi.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=500,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
