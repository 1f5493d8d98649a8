"""The files of an archive: their names, sizes and sha256."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .manifest import ArchivedFile

if TYPE_CHECKING:
    from pathlib import Path

# Hashing leaves Python's lock: two threads are two cores.
_THREADS = 2


def describe_files(folder: Path, archive: str) -> tuple[ArchivedFile, ...]:
    """Return the files of *archive*, a file or a folder in *folder*, by name."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(lambda path: _describe(folder, path), _files(folder / archive)))


def total_bytes(archive: Path) -> int:
    """Return how much of *archive* is written so far; what comes and goes meanwhile counts not."""
    total = 0
    for path in _files(archive):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total


def _files(archive: Path) -> list[Path]:
    return sorted(archive.iterdir()) if archive.is_dir() else [archive]


def _describe(folder: Path, path: Path) -> ArchivedFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ArchivedFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256)
