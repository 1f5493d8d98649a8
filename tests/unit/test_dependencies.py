"""A package that is missing or does not fit is told as such, by every door, and never as a bug."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sst import dependencies
from sst.command_line import VARIABLE
from sst.dependencies import build_command, dependency_error, install_advice
from tests.support.project import REPOSITORY

_HIDDEN = """
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
sys.argv = ["migrate.py", *{words!r}]
import runpy
runpy.run_path({file!r}, run_name="__main__")
"""


def run_without(package: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run migrate.py in a process that has no *package*."""
    file = str(REPOSITORY / "migrate.py")
    code = _HIDDEN.format(package=package, words=words, file=file)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )


@pytest.mark.parametrize("package", ["click", "pydantic", "dynaconf", "alembic", "sqlalchemy"])
def test_missing_package_is_three_lines_or_one_object(package: str) -> None:
    """Some are imported before the command line is, some in the middle of a command."""
    told = run_without(package, "history")
    as_json = run_without(package, "history", "--json")

    assert (told.returncode, told.stdout) == (2, ""), told.stderr
    assert told.stderr.startswith(f"The package '{package}' is not installed.")
    assert len(told.stderr.splitlines()) == 3
    answer = json.loads(as_json.stdout)
    assert (as_json.returncode, answer["exit_code"], answer["ok"]) == (2, 2, False)
    assert answer["error"]["code"] == "dependency_unfit"


def test_object_of_the_door_has_the_keys_of_every_command() -> None:
    """It is printed without the command line, which could not be imported."""
    by_the_door = json.loads(run_without("click", "history", "--json").stdout)
    usual = json.loads(run_without("nothing", "nonsense", "--json").stdout)

    assert by_the_door.keys() == usual.keys()
    assert by_the_door["error"].keys() == usual["error"].keys()


@pytest.mark.parametrize(
    ("version", "bounds", "fits"),
    [
        ("8.1.0", ">=8.1", True),
        ("8.0.9", ">=8.1", False),
        ("2.10.1", ">=2.5", True),
        ("3.4", ">=3.2.1,<3.4", False),
        ("3.3.9", "<3.4,>=3.2.1", True),
        ("2.0.0rc1", ">=2.0", True),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, bounds: str, *, fits: bool) -> None:
    assert dependencies._fits(version, bounds) is fits


def test_package_that_is_too_old_is_named_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dependencies, "_version", lambda name: "7.0" if name == "click" else None)

    error = dependency_error(AttributeError("module 'click' has no attribute 'UsageError'"))

    assert error is not None
    assert "The package click 7.0 does not fit: sst-platform needs click>=8.1" in error.what
    assert error.next_step.endswith("-m pip install 'click>=8.1'")


@pytest.mark.parametrize("error", [ValueError("x"), AttributeError("x"), ImportError("x")])
def test_error_of_our_own_stays_a_bug_where_everything_fits(error: Exception) -> None:
    assert dependency_error(error) is None


def test_module_of_ours_that_is_missing_is_a_bug() -> None:
    assert dependency_error(ModuleNotFoundError("x", name="sst.gone")) is None


def test_requirements_are_those_of_the_project() -> None:
    names = {line.partition(">")[0] for line in dependencies._requirements()}

    assert {"click", "pydantic", "alembic"} <= names
    assert Path(dependencies.__file__).name == "dependencies.py"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a folder with what the Dockerfile copies into the image."""
    for name in ("migrate.py", "settings.toml", "pyproject.toml", ".secrets.toml.example"):
        shutil.copy(REPOSITORY / name, tmp_path)
    for name in ("sst", "app", "plugins", "alembic"):
        shutil.copytree(
            REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "deploy").mkdir()
    shutil.copy(REPOSITORY / "deploy" / "probe.py", tmp_path / "deploy")
    return tmp_path


def test_checkout_installs_with_pip() -> None:
    assert install_advice("pyrage", "age") == "run `pip install pyrage` (the extra 'age')"
    assert install_advice("redis>=5", "redis").startswith("run `pip install 'redis>=5'`")
    assert install_advice("isal", otherwise="say auto") == "run `pip install isal`"


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("docker compose run --rm migrate", 'SST_EXTRAS="{}" docker compose build app'),
        ("docker-compose exec app x", 'SST_EXTRAS="{}" docker-compose build app'),
        (
            "podman-compose --profile migration run --rm migrate",
            'SST_EXTRAS="{}" podman-compose --profile migration build app',
        ),
        ("kubectl exec app -- migrate", 'docker build --build-arg EXTRAS="{}" .'),
        ("", 'docker build --build-arg EXTRAS="{}" .'),
    ],
)
def test_image_is_built_with_the_extras_that_it_has_and_the_one_that_it_lacks(
    typed: str, command: str, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "_CHECKOUT", image)
    monkeypatch.setattr(
        dependencies, "_version", lambda name: "1" if name in ("redis", "pyrage") else None
    )
    monkeypatch.setenv(VARIABLE, typed)

    advice = install_advice("s3fs", "s3")

    assert advice == f"build it into the image: `{command.format('age redis s3')}`"
    assert "on top of this one" in install_advice("adlfs")


def test_argument_of_the_image_is_a_variable_of_compose(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build_command("POSTGRES_MAJOR", "19") == ""

    monkeypatch.setattr(dependencies, "_CHECKOUT", image)
    monkeypatch.setenv(VARIABLE, "docker compose run --rm migrate")

    assert build_command("POSTGRES_MAJOR", "19") == ("POSTGRES_MAJOR=19 docker compose build app")


def test_plugin_in_the_image_names_what_builds_it(image: Path) -> None:
    """The driver of gs:// is not among the packages of the tests."""
    environ = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DATABASE_URL": "postgresql://user@127.0.0.1:1/name",
        "PLUGINS__BACKUP__UPLOAD_TO": "gs://bucket/backups",
        VARIABLE: "docker compose run --rm migrate",
    }

    done = subprocess.run(
        [sys.executable, "migrate.py", "backup", "list"],
        capture_output=True,
        text=True,
        check=False,
        cwd=image,
        env=environ,
    )

    assert done.returncode == 2
    assert "gs:// needs the package gcsfs; build it into the image: `SST_EXTRAS=" in done.stderr
    assert "docker compose build app`" in done.stderr
    assert "pip install" not in done.stderr
