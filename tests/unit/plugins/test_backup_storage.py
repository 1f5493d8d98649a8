"""The folder of backups: a draft appears whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.hooks import Veto
from plugins.backup import Config
from plugins.backup.storage import drafted, require_space


def test_draft_has_no_final_name_until_it_is_published(tmp_path: Path) -> None:
    with drafted(tmp_path, "b1") as draft:
        draft.archive.write_bytes(b"archive")
        during = _names(tmp_path)
        draft.publish("{}")

    assert during == ["b1.dump.partial", "b1.json.partial"]
    assert _names(tmp_path) == ["b1.dump", "b1.json"]


def test_anything_raised_removes_the_draft(tmp_path: Path) -> None:
    def fail() -> None:
        with drafted(tmp_path, "b1"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert _names(tmp_path) == []


def test_manifest_that_cannot_be_written_removes_the_archive_too(tmp_path: Path) -> None:
    """An archive without its manifest is not a backup."""

    def fail() -> None:
        with drafted(tmp_path, "b1") as draft:
            (tmp_path / "b1.json").mkdir()
            draft.publish("{}")

    with pytest.raises(IsADirectoryError):
        fail()

    assert _names(tmp_path) == ["b1.json"]


@pytest.mark.parametrize("name", ["b1.dump", "b1.json", "b1.dump.partial"])
def test_earlier_backup_of_the_same_name_is_not_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")

    with pytest.raises(Veto, match="exists already"), drafted(tmp_path, "b1"):
        pytest.fail("a draft over an earlier backup")

    assert (tmp_path / name).read_text() == "precious"


def test_hopeless_lack_of_space_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(Veto, match="bytes free") as veto:
        require_space(tmp_path, 2**62)

    assert "plugins.backup.directory" in veto.value.hint


def test_space_that_may_do_is_not_refused(tmp_path: Path) -> None:
    """A wrong refusal is worse than a full disk, which is handled as well."""
    free = shutil.disk_usage(tmp_path).free

    require_space(tmp_path, free * 20)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("field", ["directory", "pg_bin"])
def test_tilde_is_the_home_folder(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file no shell spells it out; a folder named `~` is deleted together with one's home."""
    monkeypatch.setenv("HOME", "/home/sofia")

    assert getattr(Config(**{field: "~/pg"}), field) == Path("/home/sofia/pg")
