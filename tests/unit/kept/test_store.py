"""The folder of kept results is believed only where nobody else can write to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.kept.store import Store

_STORE = Store("plans", most=50)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the cache, which has one file `kept`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    _STORE.write("kept", b"content")
    return tmp_path / "cache" / "sst-platform" / "plans"


def test_files_are_for_their_owner_alone(folder: Path) -> None:
    modes = [path.stat().st_mode & 0o777 for path in (folder.parent, folder, folder / "kept")]

    assert _STORE.read("kept") == b"content"
    assert modes == [0o700, 0o700, 0o600]


def _link(folder: Path) -> None:
    (folder / "kept").rename(folder.parent / "moved")
    (folder / "kept").symlink_to(folder.parent / "moved")


_HURT: dict[str, Callable[[Path], object]] = {
    "folder of all": lambda folder: folder.chmod(0o777),
    "folder of a group": lambda folder: folder.parent.chmod(0o770),
    "file of a group": lambda folder: (folder / "kept").chmod(0o620),
    "link": _link,
    "gone": lambda folder: (folder / "kept").unlink(),
}
if os.geteuid() == 0:
    _HURT["owner"] = lambda folder: os.chown(folder / "kept", 65534, 65534)


@pytest.mark.parametrize("hurt", _HURT.values(), ids=_HURT.keys())
def test_file_that_another_could_write_is_not_believed(
    folder: Path, hurt: Callable[[Path], object]
) -> None:
    hurt(folder)

    assert _STORE.read("kept") is None


def test_nothing_is_kept_where_others_can_write(folder: Path) -> None:
    folder.chmod(0o777)

    _STORE.write("other", b"x")

    assert not (folder / "other").exists()


def test_oldest_files_go(folder: Path) -> None:
    os.utime(folder / "kept", (1, 1))

    for number in range(60):
        _STORE.write(f"{number}", b"x")

    assert len(list(folder.iterdir())) == 50
    assert _STORE.read("kept") is None
    assert _STORE.read("59") == b"x"


def test_full_disk_leaves_nothing_half(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)

    _STORE.write("kept", b"other")

    assert [path.name for path in folder.iterdir()] == ["kept"]
    assert _STORE.read("kept") == b"content"


@pytest.mark.parametrize("given", ["relative/cache", ""])
def test_home_is_taken_where_no_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))

    _STORE.write("kept", b"content")

    assert (tmp_path / ".cache" / "sst-platform" / "plans" / "kept").exists()
