"""The files of a backup: their names, sizes and sha256, taken and compared."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .manifest import MANIFEST_NAME, ArchivedFile, damaged

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Hashing leaves Python's lock: two threads are two cores.
_THREADS = 2


def describe_files(folder: Path) -> tuple[ArchivedFile, ...]:
    """Return every file below *folder* but the manifest, by name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    wanted = [path for path in paths if path.relative_to(folder).as_posix() != MANIFEST_NAME]
    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(lambda path: _describe(folder, path), wanted))


def check_files(folder: Path, files: Sequence[ArchivedFile]) -> None:
    """Raise `Veto` (code `backup_damaged`) unless *folder* holds exactly *files*."""
    found = {file.name: file for file in describe_files(folder)}
    for file in files:
        complaint = _difference(file, found.get(file.name))
        if complaint:
            raise damaged(complaint)
    extra = found.keys() - {file.name for file in files}
    if extra:
        raise damaged(f"{min(extra)} does not belong to it")


def total_bytes(folder: Path) -> int:
    """Return how much is written in *folder* so far; what comes and goes meanwhile counts not."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def _describe(folder: Path, path: Path) -> ArchivedFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return ArchivedFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256)


def _difference(wanted: ArchivedFile, found: ArchivedFile | None) -> str:
    if found is None:
        return f"{wanted.name} is missing"
    if found.size_bytes != wanted.size_bytes:
        return f"{wanted.name} has {found.size_bytes} bytes, not {wanted.size_bytes}"
    if found.sha256 != wanted.sha256:
        return f"{wanted.name} is not what was written: its sha256 does not fit"
    return ""
