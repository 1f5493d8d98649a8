"""`init` adds what a project lacks, and changes nothing that is there."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

WRITTEN = ("settings.toml", ".secrets.toml.example", "plugins/README.md", ".gitignore")
IGNORED = [".secrets.toml", "settings.local.toml", ".env", ".data/", "backups/"]


@pytest.fixture
def bare(project: Project) -> Project:
    """Return a project of Alembic's that has no file of ours."""
    (project.root / "settings.toml").unlink()
    (project.root / "plugins").rmdir()
    return project


def test_everything_that_is_missing_is_written_and_works(bare: Project) -> None:
    result = bare.migrate("init")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[1:] == [
        *(f"written {name}" for name in WRITTEN[:3]),
        f"written .gitignore: {', '.join(IGNORED)}",
    ]
    assert "next: " in result.stderr
    settings = tomllib.loads((bare.root / "settings.toml").read_text())
    assert settings["default"]["migrate"]["alembic_config"] == "pyproject.toml"
    assert settings["default"]["plugins"]["enabled"] == [
        "backup",
        "health_check",
        "notify",
        "safe_ddl",
    ]
    assert bare.migrate("config", "check", "--json").exit_code == 0


def test_nothing_that_exists_is_changed(bare: Project) -> None:
    texts = {"settings.toml": "[development]\n", ".secrets.toml.example": "mine"}
    for name, text in texts.items():
        (bare.root / name).write_text(text)
    (bare.root / "plugins").mkdir()

    result = bare.migrate("init", "--json")

    outcomes = {each["file"]: each["outcome"] for each in result.json["files"]}
    assert outcomes == {
        "settings.toml": "kept",
        ".secrets.toml.example": "kept",
        "plugins/": "kept",
        ".gitignore": "written",
    }
    assert {name: (bare.root / name).read_text() for name in texts} == texts
    assert list((bare.root / "plugins").iterdir()) == []


def test_lines_are_added_to_what_is_ignored_already(bare: Project) -> None:
    file: Path = bare.root / ".gitignore"
    file.write_text("*.pyc\n.env")

    first = bare.migrate("init")
    second = bare.migrate("init")

    assert "added to .gitignore: .secrets.toml, " in first.stdout
    assert "kept .gitignore: it has every line" in second.stdout
    lines = file.read_text().splitlines()
    assert lines[:2] == ["*.pyc", ".env"]
    assert sorted(lines).count(".env") == 1
    assert set(IGNORED) <= set(lines)


def test_what_cannot_be_written_is_said_before_anything_is(bare: Project) -> None:
    (bare.root / ".gitignore").mkdir()

    result = bare.migrate("init")

    assert result.exit_code == 2
    assert ".gitignore cannot be written." in result.stderr
    assert not (bare.root / "settings.toml").exists()


def test_gitignore_that_is_not_utf_8_is_named(bare: Project) -> None:
    (bare.root / ".gitignore").write_bytes(b"\xff\n")

    result = bare.migrate("init")

    assert result.exit_code == 2
    assert "it is not UTF-8" in result.stderr


def test_ends_of_lines_stay_as_the_file_has_them(bare: Project) -> None:
    (bare.root / ".gitignore").write_bytes(b"build/\r\n")

    assert bare.migrate("init").exit_code == 0

    lines = (bare.root / ".gitignore").read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\r\n") for line in lines), lines
