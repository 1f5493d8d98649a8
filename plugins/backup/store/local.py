"""The folder of backups: each one a folder of its own, made under another name, owner-only.

`<id>/` is complete: it was checked, and is on the disk. `<id>.partial/` is being made, or is left
of a process that was killed: as long as its maker lives, it holds a lock on a file in it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sst.hooks import Veto

from ..manifest.manifest import LARGEST_MANIFEST, MANIFEST_NAME, Manifest, backup_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

LOCAL = "local"
PARTIAL = ".partial"

_ID = re.compile(r"\d{8}T\d{6}Z-(?P<database>[A-Za-z0-9_.]*)-[A-Za-z0-9]+")
_HELD = "held"
# Between making its folder and holding the lock in it, a maker needs no longer than this.
_SETTLED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something at *place* that has the name of a backup and is none, or no more."""

    id: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies in one place."""

    manifests: tuple[Manifest, ...] = ()
    damaged: tuple[Damaged, ...] = ()


class LocalStore:
    """The folder *directory* on this machine."""

    name = LOCAL

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def scan(self) -> Scan:
        """Return what lies there; nothing when there is no such folder.

        Names and sizes are compared with the manifest; no file is read. What is being made is not
        mentioned.
        """
        manifests: list[Manifest] = []
        damaged: list[Damaged] = []
        for folder in self._folders():
            try:
                manifests.append(_described(folder))
            except Veto as veto:
                damaged.append(Damaged(folder.name, LOCAL, veto.reason))
            except OSError as error:
                damaged.append(Damaged(folder.name, LOCAL, error.strerror or str(error)))
        return Scan(tuple(manifests), tuple(damaged))

    @contextmanager
    def drafted(self, name: str) -> Iterator[Path]:
        """Create the folder `<name>.partial` for the body; afterwards it is removed.

        The body keeps what is in it by giving it another name, see `publish`.
        Raises `Veto` when a backup *name* exists: an earlier one is never opened.
        """
        make_folder(self.directory)
        folder = self.directory / f"{name}{PARTIAL}"
        if (self.directory / name).exists():
            raise _exists(name)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise _exists(name) from None
        try:
            with _holding(folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, name: str) -> Path:
        """Give the drafted *folder* its *name*, with everything in it on the disk."""
        target = self.directory / name
        (folder / _HELD).unlink(missing_ok=True)
        settle(folder)
        if target.exists():
            raise _exists(name)
        folder.rename(target)
        _flush(self.directory)
        return target

    def remove(self, name: str) -> None:
        """Remove the backup *name*; a half removed one never looks like a backup."""
        folder = self.directory / f"{name}{PARTIAL}"
        with suppress(FileNotFoundError):
            (self.directory / name).rename(folder)
            _flush(self.directory)
        if folder.exists():
            shutil.rmtree(folder)

    def sweep(self, database: str) -> tuple[str, ...]:
        """Remove what dead processes left of backups of *database*; return the names."""
        swept = []
        for folder in sorted(self.directory.glob(f"*{PARTIAL}")):
            if is_of(folder.name, database) and _is_dead(folder):
                shutil.rmtree(folder, ignore_errors=True)
                swept.append(folder.name)
        return tuple(swept)

    def _folders(self) -> list[Path]:
        """Return the folders that are, or claim to be, backups."""
        try:
            found = sorted(self.directory.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [folder for folder in found if _claims_to_be_one(folder)]


def is_id(name: str) -> bool:
    """Say whether *name* has the form of a backup's id."""
    return _ID.fullmatch(name) is not None


def is_of(name: str, database: str) -> bool:
    """Say whether *name*, with or without `.partial`, is that of a backup of *database*."""
    found = _ID.match(name)
    wanted = _ID.fullmatch(backup_id(database))
    return found is not None and wanted is not None and found["database"] == wanted["database"]


def made_at(manifest: Manifest) -> datetime:
    """Return when the backup was made; raise `Veto` when its manifest does not say."""
    try:
        return datetime.fromisoformat(manifest.created_at).astimezone(UTC)
    except (ValueError, OverflowError):
        raise damaged("its manifest does not say when it was made") from None


def require_described(manifest: Manifest, name: str) -> Manifest:
    """Return *manifest*; raise `Veto` when it is not that of the backup *name*."""
    if manifest.id != name:
        raise damaged(f"its manifest is that of {manifest.id!r}")
    made_at(manifest)
    return manifest


def require_intact(folder: Path, manifest: Manifest) -> None:
    """Read every file of *manifest* in *folder*; raise `Veto` for the first that was changed."""
    _require_sizes(folder, manifest)
    for file in manifest.files:
        with opened(folder / file.name) as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        if sha256 != file.sha256:
            raise damaged(f"{file.name} is not what was written: its sha256 does not fit")


def damaged(reason: str) -> Veto:
    """Return the refusal of a backup that cannot be trusted."""
    return Veto(
        f"the backup is damaged: {reason}",
        "take another one: python migrate.py backup list",
        code="backup_damaged",
    )


def make_folder(directory: Path) -> None:
    """Make the folder of all backups, for its owner only, unless it is there."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        # "File exists" would be true and of no help.
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None


def settle(folder: Path) -> None:
    """Close *folder* and everything in it to others, and put it on the disk."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _flush(path)


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """Open the file *path* for the body; what is none must not make anybody wait.

    A pipe would block until somebody writes, and a device may never end.
    Raises `Veto` (code `backup_damaged`) when it is no file, `OSError` when it cannot be opened.
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with open(number, "rb") as file:  # noqa: PTH123 - no path can be opened like this
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise damaged(f"{path.name} is no file")
        yield file


def _claims_to_be_one(folder: Path) -> bool:
    if folder.name.endswith(PARTIAL):
        return False
    try:
        return folder.is_dir() and (is_id(folder.name) or (folder / MANIFEST_NAME).exists())
    except OSError:
        # Such as `lost+found`, which only root may look into.
        return is_id(folder.name)


def _described(folder: Path) -> Manifest:
    try:
        with opened(folder / MANIFEST_NAME) as file:
            text = file.read(LARGEST_MANIFEST + 1)
    except FileNotFoundError:
        raise damaged("it has no manifest") from None
    manifest = require_described(Manifest.from_json(text), folder.name)
    _require_sizes(folder, manifest)
    return manifest


def _require_sizes(folder: Path, manifest: Manifest) -> None:
    for file in manifest.files:
        path = folder / file.name
        try:
            found = path.stat()
        except OSError:
            raise damaged(f"{file.name} is missing") from None
        if not stat.S_ISREG(found.st_mode):
            raise damaged(f"{file.name} is no file")
        size = found.st_size
        if size != file.size_bytes:
            raise damaged(f"{file.name} has {size} bytes and should have {file.size_bytes}")


def _exists(name: str) -> Veto:
    return Veto(f"a backup {name} exists already", "try again in a second")


@contextmanager
def _holding(folder: Path) -> Iterator[None]:
    """Hold the lock that says that the maker of *folder* lives; the kernel drops it with us."""
    number = os.open(folder / _HELD, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _is_dead(folder: Path) -> bool:
    try:
        number = os.open(folder / _HELD, os.O_RDWR)
    except FileNotFoundError:
        return _age_seconds(folder) > _SETTLED_SECONDS
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(number)
    return True


def _age_seconds(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
