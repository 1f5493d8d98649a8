"""The store on this machine: a folder of folders, each made under another name, owner-only.

`<id>/` is complete: it was checked, and is on the disk. `<id>.partial/` is a draft, or the rest of
one whose process was killed: as long as its maker lives, it holds a lock on a file in it.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sst.hooks import Veto

from ..manifest.backup_id import is_id, is_of
from ..manifest.manifest import MANIFEST_NAME, damaged
from .intact import read_backup, require_intact
from .store import PARTIAL, Damaged, Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ..manifest.manifest import Manifest

LOCAL = "local"

_log = logging.getLogger("sst.plugins.backup")
_HELD = "held"
# Between making its folder and holding the lock in it, a maker needs no longer than this.
_SETTLED_SECONDS = 60.0


class LocalStore:
    """The folder *directory* on this machine."""

    name = LOCAL

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def is_elsewhere(self) -> bool:
        """Whether the folder is empty and on a read-only disk: the one of backups is not mounted.

        So it is in a container that serves: the volume is in the one that migrates.
        """
        try:
            is_empty = not any(self.directory.iterdir())
            return is_empty and bool(os.statvfs(self.directory).f_flag & os.ST_RDONLY)
        except OSError:
            return False

    def uri(self, backup_id: str) -> str:
        """Return the `file:` URI of the backup's folder."""
        return (self.directory / backup_id).resolve().as_uri()

    def scan(self) -> Scan:
        """Return the backups in the folder; none when there is no such folder.

        Sizes are compared with the manifest. Drafts are not mentioned.
        """
        manifests: list[Manifest] = []
        damaged: list[Damaged] = []
        for folder in self._folders():
            try:
                manifests.append(read_backup(folder))
            except Veto as veto:
                damaged.append(Damaged(folder.name, LOCAL, veto.reason))
            except OSError as error:
                damaged.append(Damaged(folder.name, LOCAL, error.strerror or str(error)))
        return Scan(tuple(manifests), tuple(damaged))

    def require_free(self, backup_id: str) -> None:
        """Raise `Veto` when there is a backup of that id: an earlier one is never opened."""
        if (self.directory / backup_id).exists():
            raise _exists(backup_id)

    @contextmanager
    def drafted(self, name: str) -> Iterator[Path]:
        """Create the folder `<name>.partial` for the body; afterwards it is removed.

        `publish` gives it another name, and so saves it.
        Raises `Veto` when a backup or a draft *name* exists.
        """
        _make_folder(self.directory)
        folder = self.directory / f"{name}{PARTIAL}"
        self.require_free(name)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise _exists(name) from None
        try:
            with _holding(folder):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, manifest: Manifest) -> None:
        """Give the drafted *folder* the backup's name, with everything in it on the disk."""
        (folder / _HELD).unlink(missing_ok=True)
        _settle(folder)
        self.require_free(manifest.id)
        folder.rename(self.directory / manifest.id)
        _flush(self.directory)

    def discard(self, backup_id: str) -> None:
        """Remove the backup; a failure is logged."""
        try:
            self.remove(backup_id)
        except OSError as error:
            _log.warning("the refused backup %s was not removed: %s", backup_id, error)

    def intact(self, manifest: Manifest, scratch: Callable[[], Path]) -> Path:
        """Return the backup's own folder, with every file checked."""
        del scratch
        folder = self.directory / manifest.id
        try:
            require_intact(folder, manifest)
        except OSError as error:
            raise damaged(str(error)) from error
        return folder

    def remove(self, backup_id: str) -> None:
        """Remove the backup, under the name of a draft."""
        folder = self.directory / f"{backup_id}{PARTIAL}"
        with suppress(FileNotFoundError):
            (self.directory / backup_id).rename(folder)
            _flush(self.directory)
        if folder.exists():
            shutil.rmtree(folder)

    def sweep(self, database: str) -> tuple[str, ...]:
        """Remove drafts of backups of *database* whose makers are dead; return their names."""
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


def _make_folder(directory: Path) -> None:
    """Make the folder of all backups, for its owner only, unless it exists."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        # "File exists" would be true and of no help.
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None


def _settle(folder: Path) -> None:
    """Close *folder* and everything in it to others, and put it on the disk."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _flush(path)


def _claims_to_be_one(folder: Path) -> bool:
    if folder.name.endswith(PARTIAL):
        return False
    try:
        return folder.is_dir() and (is_id(folder.name) or (folder / MANIFEST_NAME).exists())
    except OSError:
        # Such as `lost+found`, which only root may look into.
        return is_id(folder.name)


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
