"""The commands of the README: listed, independent of the shell, clear when they fail."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE)


def test_help_is_the_default_and_lists_every_target() -> None:
    listed = re.findall(r"^  make ([a-z-]+) +\S", _make().stdout, re.MULTILINE)

    assert listed == TARGETS
    assert {"help", "demo", "test", "check", "serve", "lock"} <= set(listed)


def test_every_target_is_run_although_a_file_has_its_name() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)

    assert phony is not None
    assert sorted(phony[1].split()) == sorted(TARGETS)


def test_demo_ignores_the_database_of_the_shell(tmp_path: Path) -> None:
    """Somebody's exported production URL must not be what a demonstration migrates."""
    python = _program(
        tmp_path / "python", 'echo "$*: $DATABASE_URL $ENV_FOR_DYNACONF [$ENVIRONMENT]"'
    )
    shell = {
        "DATABASE_URL": "postgresql://production/db",
        "ENV_FOR_DYNACONF": "production",
        "ENVIRONMENT": "production",
    }

    done = _make("demo", f"PY={python}", _installed(tmp_path), **shell)

    said = [line for line in done.stdout.splitlines() if line.startswith("migrate.py")]
    assert said == [
        f"migrate.py {command}: embedded development []"
        for command in ("upgrade", "status", "history")
    ]


def test_demo_ends_by_saying_how_to_see_the_application(tmp_path: Path) -> None:
    python = _program(tmp_path / "python", 'echo "$*"')

    done = _make("demo", f"PY={python}", _installed(tmp_path), "PORT=8123")

    last = done.stdout.splitlines()[-1]
    assert last.endswith("make serve, then open http://127.0.0.1:8123/docs")


def test_serve_says_where_to_look(tmp_path: Path) -> None:
    python = _program(tmp_path / "python", 'echo "$*"')

    done = _make("serve", f"PY={python}", _installed(tmp_path), "PORT=8123")

    first, command = done.stdout.splitlines()[0], done.stdout.splitlines()[-1]
    assert first.startswith("Open http://127.0.0.1:8123/docs")
    assert command.endswith("app.main:app --host 127.0.0.1 --port 8123")


def test_demo_stops_at_the_first_failure(tmp_path: Path) -> None:
    python = _program(tmp_path / "python", 'echo "$*"; exit 5')

    done = _make("demo", f"PY={python}", _installed(tmp_path))

    assert done.returncode != 0
    assert "migrate.py check" not in done.stdout.splitlines()


def test_bench_measures_the_named_rows_in_an_environment_of_the_locked_versions(
    tmp_path: Path,
) -> None:
    python = _program(tmp_path / "python", 'echo "$*"')
    (tmp_path / "bench" / "bin").mkdir(parents=True)
    _program(tmp_path / "bench" / "bin" / "python", "")
    words = [f"PY={python}", f"BENCH={tmp_path}/bench", "ROWS=current check", "QUICK=1"]

    done = _make("bench", _installed(tmp_path), *words)

    installed = (tmp_path / "bench" / "installed.lock").read_text()
    assert installed.startswith((ROOT / "requirements.lock").read_text())
    assert re.findall(r"^(\S+)==", installed, re.MULTILINE)[-1] == "isal"
    assert done.stdout.splitlines()[-1] == (
        f"-m bench.table --python {tmp_path}/bench/bin/python --quick current check"
    )


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("[ $1 = --version ] && echo Python 3.10.4; exit 1", "Python 3.11 or newer is needed"),
        ('case "$2" in *venv*) exit 1;; esac', "its venv module is missing"),
    ],
    ids=["too-old", "without-venv"],
)
def test_unfit_python_is_named_with_the_way_out(tmp_path: Path, script: str, message: str) -> None:
    python = _program(tmp_path / "python", script)

    done = _make("install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")

    assert done.returncode != 0
    assert message in done.stderr
    assert "next: " in done.stderr
    assert not (tmp_path / "venv").exists()


def test_what_was_not_installed_whole_is_installed_again(tmp_path: Path) -> None:
    """Half of another lock lies there now: the old copy must not say that it is complete."""
    (tmp_path / "bin").mkdir()
    _program(tmp_path / "bin" / "python", 'case "$*" in *" install "*) exit 1;; esac')
    copy = tmp_path / "installed.lock"
    copy.write_text("an older lock")

    done = _make("install-demo", f"VENV={tmp_path}")

    assert done.returncode != 0
    assert not copy.exists()


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"

    commands = re.findall(r"^(?:env -u \w+ )?(make \S+)", script.read_text(), re.MULTILINE)

    assert os.access(script, os.X_OK)
    assert commands == ["make check", "make test", "make test-lowest", "make test-examples"]


def _make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _installed(folder: Path) -> str:
    """Return the argument that makes make take everything for installed."""
    lock = folder / "installed.lock"
    lock.write_bytes((ROOT / "requirements-dev.lock").read_bytes())
    return f"INSTALLED={lock}"


def _program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
