"""What is imported, and when: the start of a command or of the application is mostly imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRAMEWORKS = {"sqlalchemy", "alembic", "dynaconf", "fastapi", "starlette", "rich", "psycopg2"}
SCRIPT = "import json, sys\n{statement}\nprint('\\n' + json.dumps(sorted(sys.modules)))"


def imported_by(statement: str, **environment: str) -> set[str]:
    """Return all that *statement* has imported in an interpreter of its own, and its packages."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(statement=statement)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    names = set(json.loads(done.stdout.splitlines()[-1]))
    return names | {name.rpartition(".")[0] for name in names}


@pytest.mark.parametrize("module", ["sst.hooks", "sst.db.url", "sst.db.parsing"])
def test_contract_and_url_need_no_framework(module: str) -> None:
    assert not imported_by(f"import {module}") & FRAMEWORKS


def test_database_is_shown_and_connected_to_without_sqlalchemy() -> None:
    statement = (
        "from sst.db.url import DatabaseUrl\n"
        "url = DatabaseUrl('postgresql+asyncpg://user:word@h1:1,h2:2/shop?ssl=require')\n"
        "(str(url), url.secrets, url.for_connect(), url.libpq_environment(), url.libpq_place())\n"
    )

    assert not imported_by(statement) & FRAMEWORKS


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["upgrade", "--help"]])
def test_help_is_little_more_than_click(words: list[str]) -> None:
    statement = (
        f"from pathlib import Path\nfrom sst.cli import main\nmain({words!r}, Path.cwd())\n"
    )

    modules = imported_by(statement)

    assert not modules & (FRAMEWORKS | {"pydantic", "pluggy"})
    assert not modules & {"importlib.metadata", "email", "html", "difflib", "traceback", "zipfile"}
    assert not modules & {"sst.config", "sst.hooks", "sst.db", "sst.migrator"}


def test_application_imports_nothing_that_only_a_migration_needs() -> None:
    """What readiness needs is imported when somebody asks for it."""
    environment = {"ENV_FOR_DYNACONF": "production", "DATABASE_URL": "postgresql://u@host/name"}

    modules = imported_by("import app.main", **environment)

    assert not modules & {"alembic", "psycopg2", "mako", "rich", "redis"}
    assert "sst.web.state_page.rendering" not in modules
    assert not modules & {"sst.bridge", "sst.cli", "sst.migrator.migrator", "sst.migrator.session"}


def test_plugins_are_loaded_without_their_insides() -> None:
    """Of a plugin its settings and its hooks are read; the rest waits until a hook is called."""
    names = ["backup", "embedded_postgres", "health_check", "maintenance", "notify", "safe_ddl"]
    statement = (
        "from pathlib import Path\n"
        "from sst.hooks.finding.discovery import discover\n"
        f"assert not discover(Path.cwd(), {names!r}).problems\n"
    )

    modules = imported_by(statement)

    inside = {name.partition(".")[2] for name in modules if name.startswith("sst_plugins")}
    assert inside >= {*names, "backup.settings"}
    assert not inside & {"backup.archive", "backup.postgres", "backup.commands", "backup.scratch"}
    assert not inside & {"safe_ddl.tables", "embedded_postgres.server", "maintenance.flag"}
    assert not inside & {"notify.delivery", "notify.message", "notify.channels"}
    assert not modules & {"sqlalchemy", "psycopg2", "urllib.request", "http.client"}
    assert not modules & {"smtplib", "ssl"}
