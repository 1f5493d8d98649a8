"""A package from outside the repository contributes everything that the contract knows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sst.hooks.contract.specs import MODES
from tests.support.clone import Clone
from tests.support.plugin_project import install

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from sst.testing.project.server import TestServer

_PACKAGE = Path(__file__).parents[2] / "support" / "outside" / "acme_everything"
_BADGE = "canary-badge"
_BROKEN = """
revision = "broken"
down_revision = "7c15a0e6f2d4"
branch_labels = depends_on = None
def upgrade():
    raise RuntimeError("broken on purpose")
"""
_REQUESTS = f"""
import json
from fastapi.testclient import TestClient
from app.main import app
with TestClient(app) as client:
    path = "/plugins/everything/notes"
    answers = [client.get(path), client.get(path, headers={{"X-Badge": "{_BADGE}"}})]
    print(json.dumps([[a.status_code, a.text] for a in answers]))
"""
_CALLED_ELSEWHERE = {"restore_backup", "copy_schema", "judge", "list_targets", "register_engines"}
"""By `--on-failure`, `plan`, `targets` and `--engine`: their own tests have them."""


@pytest.fixture
def database_url(embedded: TestServer) -> Iterator[str]:
    """Return a fresh database; which server it is on makes no difference here."""
    url = embedded.create_database()
    yield url
    embedded.drop_database(url)


def test_package_from_outside_contributes_everything(tmp_path: Path, database_url: str) -> None:
    """The one setting that is missing, the URL, is what it brings from its own vault."""
    calls = tmp_path / "calls"
    clone = _with_package(tmp_path, calls, f"vault+{database_url}")

    upgraded = clone.run("migrate.py", "upgrade", "--json")
    noted = clone.run("migrate.py", "notes", "--json")
    served = clone.run("-c", _REQUESTS)
    (clone.root / "alembic" / "versions" / "broken.py").write_text(_BROKEN)
    failed = clone.run("migrate.py", "upgrade", "--json")

    assert _json(upgraded)["after"] == "everything_1", upgraded.stderr
    assert "1 notes" in [each["detail"] for each in _json(upgraded)["checks"]]
    assert _json(noted)["data"] == {"notes": ["from outside"]}
    assert json.loads(served.stdout) == [[403, ""], [200, '["from outside"]']], served.stderr
    assert failed.returncode == 1, failed.stderr
    printed = (each.stdout + each.stderr for each in (upgraded, noted, served, failed))
    assert _BADGE not in "".join(printed)
    hooks = [line.split()[0] for line in calls.read_text().splitlines()]
    assert set(hooks) == set(MODES) - _CALLED_ELSEWHERE


def _with_package(tmp_path: Path, calls: Path, vault: str) -> Clone:
    """Return a copy of the repository, and the package installed in a folder beside it."""
    site = tmp_path / "site"
    install(site, "acme-everything", "1.0", "everything = acme_everything")
    shutil.copytree(_PACKAGE, site / "acme_everything")
    (tmp_path / "vault").write_text(vault)
    return Clone.create(
        tmp_path / "clone",
        PYTHONPATH=str(site),
        ENV_FOR_DYNACONF="production",
        PLUGINS__ENABLED='["everything"]',
        PLUGINS__EVERYTHING__CALLS=str(calls),
        PLUGINS__EVERYTHING__VAULT=str(tmp_path / "vault"),
        PLUGINS__EVERYTHING__BADGE=_BADGE,
    )


def _json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
