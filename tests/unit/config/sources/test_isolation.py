"""Nothing outside the project's own files steers what is loaded, and nothing is executed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.config import open_sources

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

_REPOSITORY = Path(__file__).parents[4]
_SHOW = """
import sys
from pathlib import Path
from sst.config import open_sources
from sst.errors import ConfigError
try:
    settings = open_sources(Path(sys.argv[1])).bind({}).settings
except ConfigError as error:
    print(error)
    raise SystemExit(error.exit_code)
print(settings.environment, settings.log_level, settings.sql_echo)
"""
_EVIL = "import pathlib; pathlib.Path(__file__).with_name('executed').touch()\n"


def run(root: Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Load the settings of *root* in a process of its own, every warning an error."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", _SHOW, str(root)],
        env=kept | {"PYTHONPATH": str(_REPOSITORY)} | variables,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_file_named_by_a_control_variable_is_not_executed(site: Site) -> None:
    evil = site.write("evil.py", _EVIL)
    words = ("SETTINGS_FILE", "PRELOAD", "INCLUDES", "SECRETS", "LOADERS")

    result = run(
        site.root,
        site.root,
        **{f"{word}_FOR_DYNACONF": str(evil) for word in words},
    )

    assert (result.returncode, result.stderr) == (2, "")
    assert result.stdout.count("unset it") == len(words)
    assert not (site.root / "executed").exists()


def test_old_words_of_dynaconf_have_no_effect(site: Site) -> None:
    """Dynaconf still reads them as SETTINGS_FILE, ROOT_PATH and ENV, with a warning."""
    evil = str(site.write("evil.py", _EVIL))
    names = ("SETTINGS_MODULE", "DYNACONF_SETTINGS", "DYNACONF_SETTINGS_MODULE", "PROJECT_ROOT")
    switches = {"DYNACONF_NAMESPACE": "production", "DYNACONF_SQL_ECHO": "true", "sql_echo": "1"}

    result = run(site.root, site.root, **(dict.fromkeys(names, evil) | switches))

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip() == "development INFO False"
    assert not (site.root / "executed").exists()


def test_python_files_beside_the_settings_are_not_executed(site: Site) -> None:
    for name in ("settings.py", "settings.local.py", ".secrets.py"):
        site.write(name, _EVIL)
    site.write("dynaconf_hooks.py", _EVIL + "def post(settings): return {'LOG_LEVEL': 'ERROR'}\n")

    result = run(site.root, site.root)

    assert result.stdout.strip() == "development INFO False"
    assert not (site.root / "executed").exists()


def test_file_cannot_include_another(site: Site) -> None:
    evil = site.write("evil.py", _EVIL)
    keys = ("dynaconf_include", "includes_for_dynaconf", "preload_for_dynaconf")
    lines = "\n".join(f'{key} = ["{evil}"]' for key in keys)
    site.settings(f"[default]\n{lines}\n[development]\n")

    result = run(site.root, site.root)

    assert result.returncode == 2
    assert result.stdout.count("would steer Dynaconf") == len(keys)
    assert not (site.root / "executed").exists()


def test_settings_of_the_working_directory_are_not_read(site: Site, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "below"
    elsewhere.mkdir(parents=True)
    for folder in (elsewhere, elsewhere.parent):
        for name in ("settings.toml", ".secrets.toml", "settings.local.toml"):
            (folder / name).write_text('[default]\nLOG_LEVEL = "ERROR"\n')
        (folder / ".env").write_text("LOG_LEVEL=ERROR\n")

    result = run(site.root, elsewhere)

    assert result.stdout.strip() == "development INFO False"


def test_relative_root_works(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.root.parent)

    sources = open_sources(Path(site.root.name), environ={})

    assert sources.root == site.root


@pytest.mark.parametrize("name", ["a[b]c", "with space", "st*r", "ünï", "a.local.b"])
def test_any_folder_name_works(tmp_path: Path, name: str) -> None:
    """Dynaconf takes a path for a glob pattern, and `.local.` anywhere in it for a late file."""
    root = tmp_path / name
    root.mkdir()
    (root / "settings.toml").write_text('[default]\nLOG_LEVEL = "ERROR"\n')
    (root / ".secrets.toml").write_text('[default]\nLOG_LEVEL = "DEBUG"\n')
    (root / ".secrets.toml").chmod(0o600)

    settings = open_sources(root, environ={}).bind({}).settings

    assert settings.log_level == "DEBUG"


def test_process_environment_is_as_before(site: Site) -> None:
    """Dynaconf's own `.env` reading writes every line into `os.environ`."""
    site.write(".env", "LOG_LEVEL=ERROR\nSOMETHING_ELSE=1\n")
    before = dict(os.environ)

    settings = site.load().settings

    assert settings.log_level == "ERROR"
    assert dict(os.environ) == before


def test_threads_load_the_same_values(site: Site) -> None:
    site.settings('[default]\nLOG_LEVEL = "ERROR"\n[development]\n[production]\n')
    site.environ["DATABASE_URL"] = "postgresql://app@db/sst"
    found: list[tuple[str, str]] = []

    def load(environment: str) -> None:
        settings = site.load(environment=environment).settings
        found.append((settings.environment, settings.log_level))

    threads = [
        threading.Thread(target=load, args=(name,)) for name in ["development", "production"] * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(found) == sorted([("development", "ERROR"), ("production", "ERROR")] * 4)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("sst.config", ["dynaconf", "pydantic", "sqlalchemy"]),
        ("sst.cli.config", ["dynaconf", "pydantic", "sqlalchemy", "alembic", "fastapi"]),
        ("sst.config.binding.sources", ["dynaconf", "sqlalchemy"]),
    ],
)
def test_importing_is_light(module: str, heavy: list[str]) -> None:
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"

    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert result.stdout.strip() == "[]"
