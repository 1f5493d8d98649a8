"""The project is found upward from the working folder, as git finds its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.errors import UsageError
from sst.project_root import (
    alembic_file,
    does_without_settings,
    find_project_root,
    nearest_folder,
    require_project_root,
)

if TYPE_CHECKING:
    from pathlib import Path

TABLE = '[project]\nname = "shop"\n\n[tool.alembic]\nscript_location = "%(here)s/alembic"\n'


def write(file: Path, text: str = "") -> Path:
    """Write *file* and the folders above it; return its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file.parent


@pytest.mark.parametrize(
    ("name", "text"), [("settings.toml", ""), ("alembic.ini", ""), ("pyproject.toml", TABLE)]
)
def test_nearest_folder_with_a_sign_is_the_project(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / name, text)
    root = write(tmp_path / "shop" / name, text)
    (root / "deep" / "er").mkdir(parents=True)

    assert find_project_root(root / "deep" / "er") == root


def test_settings_above_go_before_an_ini_that_is_nearer(tmp_path: Path) -> None:
    root = write(tmp_path / "shop" / "settings.toml")
    write(root / "billing" / "alembic.ini")

    assert find_project_root(root / "billing") == root


def test_nearer_project_that_the_settings_do_not_name_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revisions of the other one would be applied, with exit code 0."""
    root = write(tmp_path / "shop" / "settings.toml", "[default]\nDEBUG = true\n")
    nearer = write(root / "billing" / "alembic.ini")
    monkeypatch.chdir(nearer)

    with pytest.raises(UsageError) as refused:
        require_project_root()

    assert str(root) in refused.value.what
    assert str(nearer) in refused.value.what
    assert require_project_root(is_named=True) == root
    assert nearest_folder() == nearer


@pytest.mark.parametrize(
    "text",
    [
        '[default.migrate]\nalembic_config = "billing/alembic.ini"\n',
        '[production.migrate]\nscript_location = "billing/migrations"\n',
    ],
)
def test_nearer_project_that_the_settings_name_is_theirs(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "shop" / "settings.toml", text)
    monkeypatch.chdir(write(root / "billing" / "alembic.ini"))

    assert require_project_root() == root


def test_ini_in_the_folder_of_revisions_is_no_other_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "settings.toml")
    monkeypatch.chdir(write(root / "alembic" / "alembic.ini"))

    assert require_project_root() == root


def test_folder_that_cannot_be_searched_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its PermissionError is taken for a result that could not be printed."""

    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "is_file", refuse)

    with pytest.raises(UsageError, match="cannot be searched") as refused:
        find_project_root(tmp_path)

    assert refused.value.why == "Permission denied"


def test_pyproject_without_the_table_is_no_sign(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", TABLE.replace("[tool.alembic]", "[tool.alembics]"))

    assert find_project_root(tmp_path) is None


def test_ini_goes_before_the_pyproject_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", TABLE)
    write(tmp_path / "alembic.ini")

    assert alembic_file(tmp_path) == tmp_path / "alembic.ini"


def test_no_project_is_told_with_what_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as refused:
        require_project_root()

    assert refused.value.exit_code == 2
    assert "settings.toml, alembic.ini, and [tool.alembic]" in refused.value.why
    assert "sst init" in refused.value.next_step


def test_working_folder_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(UsageError, match="does not exist any more"):
        require_project_root()


@pytest.mark.parametrize("ours", [".secrets.toml", ".secrets.toml.example", "settings.local.toml"])
def test_missing_settings_beside_a_file_of_ours_are_a_mistake(tmp_path: Path, ours: str) -> None:
    """Without them a run would make no backup."""
    write(tmp_path / "alembic.ini")
    before = does_without_settings(tmp_path)
    write(tmp_path / ours)

    assert (before, does_without_settings(tmp_path)) == (True, False)
