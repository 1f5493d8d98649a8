"""Whether a backup is whole: its manifest is its own, and its files are as the manifest says."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..manifest.manifest import LARGEST_MANIFEST, MANIFEST_NAME, Manifest, damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path


def read_backup(folder: Path) -> Manifest:
    """Return the manifest in *folder*, whose files have the sizes that it says.

    Raises `Veto` (code `backup_damaged`) when it is none of that folder, or a file is not so.
    """
    try:
        with _opened(folder / MANIFEST_NAME) as file:
            text = file.read(LARGEST_MANIFEST + 1)
    except FileNotFoundError:
        raise damaged("it has no manifest") from None
    manifest = require_named(Manifest.from_json(text), folder.name)
    _require_sizes(folder, manifest)
    return manifest


def require_named(manifest: Manifest, name: str) -> Manifest:
    """Return *manifest*; raise `Veto` when it is not that of the backup *name*, or has no time."""
    if manifest.id != name:
        raise damaged(f"its manifest is that of {manifest.id!r}")
    _ = manifest.made_at
    return manifest


def require_intact(folder: Path, manifest: Manifest) -> None:
    """Read every file of *manifest* in *folder*; raise `Veto` for the first that was changed."""
    _require_sizes(folder, manifest)
    for file in manifest.files:
        with _opened(folder / file.name) as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        if sha256 != file.sha256:
            raise damaged(f"{file.name} is not what was written: its sha256 does not fit")


def _require_sizes(folder: Path, manifest: Manifest) -> None:
    for file in manifest.files:
        try:
            found = (folder / file.name).stat()
        except OSError:
            raise damaged(f"{file.name} is missing") from None
        if not stat.S_ISREG(found.st_mode):
            raise damaged(f"{file.name} is no file")
        size = found.st_size
        if size != file.size_bytes:
            raise damaged(f"{file.name} has {size} bytes and should have {file.size_bytes}")


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """Open the file *path* for the body, and only a file.

    A pipe would block until somebody writes, and a device may never end.
    Raises `Veto` (code `backup_damaged`) when it is no file, `OSError` when it cannot be opened.
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with open(number, "rb") as file:  # noqa: PTH123 - no path can be opened like this
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise damaged(f"{path.name} is no file")
        yield file
