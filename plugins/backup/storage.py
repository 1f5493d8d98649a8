"""The folder of backups: a draft under another name, then two renames; owner-only."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.hooks import Veto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# An archive is rarely below 5 % of its database; less than 2 % free cannot end well. Anything
# stricter would refuse a database that is mostly indexes; a full disk is caught later anyway.
_SMALLEST_SHARE = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """A backup that is being made; nothing of it has its final name yet."""

    directory: Path
    id: str

    @property
    def archive(self) -> Path:
        """The file that pg_dump writes."""
        return self.directory / f"{self.id}.dump.partial"

    @property
    def manifest(self) -> Path:
        """The manifest until the archive has its name."""
        return self.directory / f"{self.id}.json.partial"

    def publish(self, manifest: str) -> Path:
        """Give both files their names, the manifest's last; return the archive's path."""
        with self.manifest.open("w", encoding="utf-8") as file:
            file.write(manifest)
            file.flush()
            os.fsync(file.fileno())
        target = self.archive.rename(self.directory / f"{self.id}.dump")
        self.manifest.rename(self.directory / f"{self.id}.json")
        _flush_names(self.directory)
        return target

    def discard(self) -> None:
        """Remove every file of this backup, whatever its name; the first error matters more."""
        for path in self.directory.glob(f"{self.id}.*"):
            with suppress(OSError):
                path.unlink()


@contextmanager
def drafted(directory: Path, backup_id: str) -> Iterator[Draft]:
    """Create the draft of a new backup in *directory*; remove it when the body raises anything.

    The folder is made for its owner only, and so is each file, before there is a byte in it.

    Raises `Veto` when *backup_id* exists: an earlier backup is never opened.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        # "File exists" would be true and of no help.
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    draft = Draft(directory, backup_id)
    if any(directory.glob(f"{backup_id}.*")):
        raise Veto(f"a backup {backup_id} exists already", "try again in a second")
    try:
        _create_empty(draft.archive)
        _create_empty(draft.manifest)
        yield draft
    except BaseException:
        draft.discard()
        raise


def require_space(directory: Path, database_bytes: int) -> None:
    """Raise `Veto` when *directory* has no room for even the smallest likely archive."""
    free = shutil.disk_usage(directory).free
    needed = database_bytes // _SMALLEST_SHARE
    if free < needed:
        raise Veto(
            f"{directory} has {free} bytes free; a backup of {database_bytes} bytes of database"
            f" needs {needed} at the very least",
            "free space on that disk, or set plugins.backup.directory to a larger one",
        )


def _create_empty(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _flush_names(directory: Path) -> None:
    """Put the renames on the disk."""
    number = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
