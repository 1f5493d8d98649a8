"""A folder of small files of our own, below the user's folder for such things.

What somebody else could have written is not believed, and what cannot be written is not kept.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_OURS = "sst-platform"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MOST_BYTES = 32 * 1024 * 1024
_FOR_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Store(NamedTuple):
    """The folder *name* of ours; of its files the newest *most* stay."""

    name: str
    most: int

    def read(self, name: str) -> bytes | None:
        """Return what is kept as *name*; None where nothing is, or where others could write it."""
        folder = self._folder()
        if folder is None or not all(map(_is_private, (folder.parent, folder))):
            return None
        try:
            descriptor = os.open(folder / name, _READ)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            is_sane = found.st_size <= _MOST_BYTES and _is_ours(found, stat.S_ISREG)
            return file.read() if is_sane else None

    def write(self, name: str, content: bytes) -> None:
        """Keep *content* as *name*, whole or not at all; the oldest ones go."""
        folder = self._folder()
        if folder is None:
            return
        with suppress(OSError):
            for each in (folder.parent, folder):
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
            if all(map(_is_private, (folder.parent, folder))):
                _replace(folder / name, content)
                _prune(folder, self.most)

    def _folder(self) -> Path | None:
        """Return the folder, whose parents may not be there; None where the user has none."""
        given = os.environ.get("XDG_CACHE_HOME", "")
        # The specification has a relative path ignored.
        if Path(given).is_absolute():
            return Path(given, _OURS, self.name)
        home = os.environ.get("HOME", "")
        return Path(home, ".cache", _OURS, self.name) if Path(home).is_absolute() else None


def _is_private(folder: Path) -> bool:
    try:
        return _is_ours(folder.lstat(), stat.S_ISDIR)
    except OSError:
        return False


def _is_ours(found: os.stat_result, is_kind: object) -> bool:
    return (
        is_kind(found.st_mode)  # type: ignore[operator]
        and found.st_uid == os.geteuid()
        and not found.st_mode & _FOR_OTHERS
    )


def _replace(target: Path, content: bytes) -> None:
    import tempfile  # late: who only reads does without it

    # A file of `mkstemp` is for its owner alone.
    descriptor, temporary = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _prune(folder: Path, most: int) -> None:
    """Leave the newest files; one that a killed process has half written grows old, too."""
    files = sorted(folder.iterdir(), key=lambda path: path.lstat().st_mtime, reverse=True)
    for path in files[most:]:
        path.unlink(missing_ok=True)
