"""Revisions of whatever Alembic project, found by the texts of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.cli.completing.revisions import RevisionText, revisions, version_folders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, in an environment that names no revisions."""
    for name in ("ENVIRONMENT", "MIGRATE__SCRIPT_LOCATION", "MIGRATE__ALEMBIC_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "folders"),
    [
        ("nothing.txt", "", ["alembic/versions"]),
        ("settings.toml", '[default.migrate]\nscript_location = "db"\n', ["db/versions"]),
        ("alembic.ini", "[alembic]\nscript_location = %(here)s/mig\n", ["mig/versions"]),
        (
            "alembic.ini",
            "[alembic]\nscript_location = mig\nversion_locations = mig/a %(here)s/b\n",
            ["mig/a", "b"],
        ),
        (
            "pyproject.toml",
            '[tool.alembic]\nscript_location = "mig"\nversion_locations = ["mig/a", "b"]\n',
            ["mig/a", "b"],
        ),
    ],
)
def test_folders_are_where_alembic_would_look(
    folder: Path, file: str, text: str, folders: list[str]
) -> None:
    (folder / file).write_text(text)

    assert version_folders(folder) == [folder / each for each in folders]


def test_variable_names_another_ini(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "other.ini").write_text("[alembic]\nscript_location = other\n")
    monkeypatch.setenv("MIGRATE__ALEMBIC_CONFIG", "other.ini")

    assert version_folders(folder) == [folder / "other" / "versions"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""Add sites\n\nMore."""\nrevision = "a1"\n', RevisionText("a1", "Add sites", "")),
        ("'one line'\nrevision: str = 'a1'\n", RevisionText("a1", "one line", "")),
        ('# x\nrevision = "a1"\nbranch_labels = ("shop",)\n', RevisionText("a1", "", "shop")),
        ("revision = 'a1'\nbranch_labels: str | None = None\n", RevisionText("a1", "", "")),
    ],
)
def test_revision_is_what_its_text_says(folder: Path, text: str, found: RevisionText) -> None:
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (versions / "a1.py").write_text(text)
    (versions / "helper.py").write_text("x = 1\n")
    (versions / "binary.py").write_bytes(b"\xff\xfe")

    assert list(revisions(folder)) == [found]


def test_newest_file_comes_first(folder: Path) -> None:
    versions = folder / "alembic" / "versions" / "2026"
    versions.mkdir(parents=True)
    for name in ("20260101_a", "20260102_b"):
        (versions / f"{name}.py").write_text(f"revision = '{name[-1]}'\n")

    assert [each.id for each in revisions(folder)] == ["b", "a"]
