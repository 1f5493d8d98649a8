"""Where one embedded server keeps its files, without opening anybody's folders."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .account import server_account
from .problems import unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .account import Account

_OWN_FOLDER = "sst-platform"
_LONGEST_NAME = 30
# The first two survive a reboot; every user may walk through all three.
_SYSTEM_FOLDERS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - checked for strangers


@dataclass(frozen=True, slots=True)
class Place:
    """One server's folder, and who runs the server (None: we do)."""

    folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The database cluster: what PostgreSQL calls PGDATA."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    @property
    def start_lock(self) -> Path:
        """Held by the one process that looks after the start."""
        return self.folder / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by every process that uses the server; who gets it alone may stop the server."""
        return self.folder / "users.lock"

    def make(self) -> None:
        """Create the folder.

        Raises `ConfigError` when that is impossible.
        """
        try:
            make_folder(self.folder, mode=0o755 if self.account else 0o700)
        except OSError as error:
            raise unusable(
                f"{self.folder} cannot be made ({error.strerror})",
                "set plugins.embedded_postgres.directory to a folder that you may write",
            ) from error


def choose_place(directory: Path, project_root: Path) -> Place:
    """Return the place for *directory*, which is relative to *project_root* or absolute.

    As root the server runs as another account, which need not be able to reach the project.
    Nothing of the project is opened for it: a relative directory moves to a system folder,
    under a name made from the project's path, so that two clones do not share.

    Raises `ConfigError` when the account cannot reach an absolute directory.
    """
    account = server_account()
    if account is None:
        return Place((project_root / directory).resolve(), None)
    if directory.is_absolute():
        return Place(_reachable(directory.resolve()), account)
    digest = hashlib.sha256(os.fsencode(project_root / directory)).hexdigest()[:10]
    return Place(system_folder() / f"{project_root.name[:_LONGEST_NAME]}-{digest}", account)


def system_folder() -> Path:
    """Return root's own folder that every account can reach; it is not created here.

    Raises `ConfigError` when there is none, or when somebody else made it.
    """
    for base in (*_SYSTEM_FOLDERS, Path(tempfile.gettempdir())):
        if base.is_dir() and os.access(base, os.W_OK) and everybody_reaches(base):
            return _not_planted(base / _OWN_FOLDER)
    raise unusable(
        "there is no folder that both root and another account can use",
        "work as an ordinary user",
    )


def everybody_reaches(folder: Path) -> bool:
    """Say whether every account may walk into *folder*; parts that do not exist do not count."""
    return all(path.stat().st_mode & stat.S_IXOTH for path in _existing(folder))


def make_folder(folder: Path, *, mode: int) -> None:
    """Create *folder* and its missing parents with *mode*, whatever the umask; touch no other."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(mode)


def _existing(folder: Path) -> Iterator[Path]:
    return (path for path in (folder, *folder.parents) if path.exists())


def _reachable(directory: Path) -> Path:
    if everybody_reaches(directory.parent):
        return directory
    raise unusable(
        f"the server runs as another account, which cannot reach {directory}",
        "set plugins.embedded_postgres.directory to a folder below, say, /var/lib",
    )


def _not_planted(folder: Path) -> Path:
    """Return *folder* unless another user made it in a shared place before us."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return folder
    if stat.S_ISDIR(found.st_mode) and found.st_uid == 0:
        return folder
    raise unusable(f"{folder} is not root's own folder", "look at it, then remove it")
