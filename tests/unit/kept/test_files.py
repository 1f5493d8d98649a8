"""Files and folders are compared by what their file system says of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sst.kept.files import by_folder, digest_of, settled_digest_of

if TYPE_CHECKING:
    from pathlib import Path

LATER_NS = 60 * 1_000_000_000


def test_content_of_the_same_size_and_time_is_another(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    folders, at = by_folder([str(file)]), file.stat()
    before = digest_of(folders)

    os.utime(file, ns=(at.st_atime_ns, at.st_mtime_ns - LATER_NS))
    os.utime(file, ns=(at.st_atime_ns, at.st_mtime_ns))

    assert file.stat().st_mtime_ns == at.st_mtime_ns
    assert digest_of(folders) != before


def test_name_that_comes_is_another(tmp_path: Path) -> None:
    folders = by_folder([str(tmp_path / "file")])
    before = digest_of(folders)

    (tmp_path / "file").touch()

    assert digest_of(folders) != before


def test_link_that_points_elsewhere_is_another(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to("one")
    listed, looked_for = by_folder([str(link)]), by_folder([f"{link}/"])
    before = digest_of(listed), digest_of(looked_for)

    link.unlink()
    link.symlink_to("two")

    assert digest_of(listed) != before[0]
    assert digest_of(looked_for) != before[1]


def test_folder_that_was_looked_for_may_get_files(tmp_path: Path) -> None:
    """Such as `/tmp` above a project, in which others write all the time."""
    listed, looked_for = by_folder([str(tmp_path)]), by_folder([f"{tmp_path}/"])
    before = digest_of(listed), digest_of(looked_for)

    (tmp_path / "file").touch()

    assert digest_of(listed) != before[0]
    assert digest_of(looked_for) == before[1]


def test_file_as_young_as_the_call_is_not_settled(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    folders, at = by_folder([str(file), f"{tmp_path}/", "/"]), file.stat().st_mtime_ns

    assert settled_digest_of(folders, at) is None
    assert settled_digest_of(folders, at + LATER_NS) == digest_of(folders)
