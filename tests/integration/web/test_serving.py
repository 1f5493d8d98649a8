"""What the served application logs, hides and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.forks import wait_until
from tests.support.served import PASSWORD, REPOSITORY, TOKEN, serve_project, serve_repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project


def test_no_secret_is_answered_or_logged(project: Project, refusing_url: str) -> None:
    project.database_url = refusing_url

    with serve_project(project, "--log-level", "trace", LOG_LEVEL="DEBUG") as served:
        paths = ("/readyz", "/health", "/version", "/nowhere", "/openapi.json")
        bodies = [served.get(path, token=TOKEN).text for path in paths]
        served.stop()
        printed = served.printed()

    assert "/nowhere" in printed
    assert [text for text in (*bodies, printed) if PASSWORD in text or TOKEN in text] == []


def test_healthy_probes_leave_no_line_in_the_access_log(migrated: Project) -> None:
    with serve_project(migrated) as served:
        for path in ("/livez", "/readyz", "/health", "/version") * 2:
            served.get(path)
        served.stop()
        printed = served.printed()

    assert printed.count('"GET /version HTTP/1.1" 200') == 2
    assert [path for path in ("/livez", "/readyz", "/health") if path in printed] == []


def test_failing_probe_leaves_a_line_in_the_access_log(project: Project) -> None:
    with serve_project(project) as served:
        served.get("/readyz")
        served.get("/readyz")
        served.stop()

        assert served.printed().count('"GET /readyz HTTP/1.1" 503') == 2


def test_production_logs_no_statement_however_loud_it_is(migrated: Project) -> None:
    loud = {"ENV_FOR_DYNACONF": "production", "LOG_LEVEL": "DEBUG"}

    with serve_project(migrated, "--log-level", "trace", **loud) as served:
        codes = [served.get(path, token=TOKEN).status_code for path in ("/readyz", "/health")]
        served.stop()
        printed = served.printed()

    assert codes == [200, 200]
    assert "alembic_version" not in printed
    assert "SELECT" not in printed.upper().split()


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ENV_FOR_DYNACONF": "produccion"}, "production"),
        ({"ENV_FOR_DYNACONF": "production", "SQL_ECHO": "true"}, "SQL_ECHO"),
    ],
)
def test_wrong_settings_end_the_server_without_a_traceback(
    tmp_path: Path, environment: dict[str, str], named: str
) -> None:
    with serve_repository(environment, tmp_path) as served:
        exit_code = served.wait(60)

    assert exit_code == 2
    assert "Configuration is invalid" in served.printed()
    assert named in served.printed()
    assert "Traceback" not in served.printed()


def test_repository_is_migrated_and_then_served_in_production(
    database_url: str, tmp_path: Path
) -> None:
    """`migrate.py upgrade`, then `uvicorn app.main:app`, as the guide says it."""
    environment = {
        "ENV_FOR_DYNACONF": "production",
        "DATABASE_URL": database_url,
        "OPERATIONS_TOKEN": TOKEN,
        "PLUGINS__ENABLED": json.dumps(["health_check"]),
    }

    upgrade = migrate_repository(environment)
    with serve_repository(environment, tmp_path) as served:
        wait_until(lambda: served.get("/readyz").status_code == 200, "it is ready")
        codes = {path: served.get(path).status_code for path in ("/livez", "/docs", "/", "/sites")}
        health = served.get("/health", token=TOKEN)

    assert upgrade.returncode == 0, upgrade.stderr
    assert codes == {"/livez": 200, "/docs": 404, "/": 404, "/sites": 200}
    assert (health.status_code, health.json()["status"]) == (200, "pass"), health.text
    assert any(name.startswith("health_check:") for name in health.json()["checks"])


def migrate_repository(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `python migrate.py upgrade` in this repository, as an operator does."""
    return subprocess.run(
        [sys.executable, "migrate.py", "upgrade"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
