"""The deployment guide's commands, as written, on a copy of this repository."""

from __future__ import annotations

import json
import tomllib
import urllib.error
import urllib.request
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.support.clone import Clone
from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

DIST_INFO = "sst_office_hours-1.0.dist-info"
EXAMPLE = REPOSITORY / "examples" / "sst-office-hours"


@pytest.fixture
def clone(tmp_path: Path, database_url: str) -> Clone:
    """Return a copy of the repository, in production on a database of its own."""
    return Clone.create(
        tmp_path / "clone", ENV_FOR_DYNACONF="production", DATABASE_URL=database_url
    )


def get(url: str) -> tuple[int, str]:
    """Return status and body of *url*."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def state_of(clone: Clone, **variables: str) -> str:
    """Return where `migrate.py current` says the database stands."""
    found: str = json.loads(clone.run("migrate.py", "current", "--json", **variables).stdout)[
        "state"
    ]
    return found


def test_guide_from_an_empty_database_to_a_healthy_application(clone: Clone) -> None:
    before = clone.run("migrate.py", "check")
    first = clone.run("migrate.py", "upgrade", "+1")
    rest = clone.run("migrate.py", "upgrade")
    back = clone.run(
        "migrate.py",
        "downgrade",
        "-1",
        "--confirm",
        clone.variables["DATABASE_URL"].split("?")[0].rsplit("/", 1)[-1],
    )
    again = clone.run("migrate.py", "upgrade")
    after = clone.run("migrate.py", "check")

    assert before.returncode == 3, before.stderr
    assert [run.returncode for run in (first, rest, back, again, after)] == [0] * 5, (
        first.stderr,
        rest.stderr,
        back.stderr,
        again.stderr,
        after.stderr,
    )
    assert len(list((clone.root / "backups").glob("*/archive.dump"))) == 4


def test_application_answers_the_guides_curl(clone: Clone) -> None:
    clone.run("migrate.py", "upgrade")

    with clone.serve() as address:
        status, body = get(f"{address}/health")

    assert status == 200, body
    assert json.loads(body)["status"] == "pass"


def test_application_never_migrates(clone: Clone) -> None:
    with clone.serve() as address:
        ready, _ = get(f"{address}/readyz")

    assert ready == 503
    assert state_of(clone) == "empty"


def test_package_from_outside_gates_a_run_with_one_line_in_the_settings(
    clone: Clone, tmp_path: Path
) -> None:
    """The example is installed as it is; its hours come from the environment: never."""
    wheel = built(tmp_path)
    site = tmp_path / "site"
    installed = clone.run(
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
    )
    assert installed.returncode == 0, installed.stderr
    settings = clone.root / "settings.toml"
    text = settings.read_text()
    head, production = text.split("[production.plugins]")
    settings.write_text(
        head
        + "[production.plugins]"
        + production.replace("enabled = [", 'enabled = ["office_hours", ', 1)
    )

    closed = {"PYTHONPATH": str(site), "PLUGINS__OFFICE_HOURS__CLOSES": "08:00"}
    result = clone.run("migrate.py", "upgrade", "--json", **closed)

    found = json.loads(result.stdout)
    assert result.returncode == 5, result.stderr
    assert "'office_hours' refused the run" in found["error"]["message"]
    assert "nobody is there" in found["error"]["message"]
    assert found["error"]["hint"].startswith(
        "run it from Monday to Friday between 08:00 and 08:00"
    )
    assert state_of(clone, PYTHONPATH=str(site)) == "empty"


def built(folder: Path) -> Path:
    """Return a wheel of the example, written as its pyproject.toml says, without a build tool."""
    described = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    [(name, module)] = described["project"]["entry-points"]["sst.plugins"].items()
    wheel = folder / "sst_office_hours-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(EXAMPLE / f"{module}.py", f"{module}.py")
        texts = {
            "METADATA": "Metadata-Version: 2.1\nName: sst-office-hours\nVersion: 1.0\n",
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "entry_points.txt": f"[sst.plugins]\n{name} = {module}\n",
            "RECORD": "",
        }
        for file, text in texts.items():
            archive.writestr(f"{DIST_INFO}/{file}", text)
    return wheel
