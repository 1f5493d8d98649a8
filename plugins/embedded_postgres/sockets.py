"""The folder of a server's socket: its path must be short, and nobody else's."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .problems import unusable

if TYPE_CHECKING:
    from .account import Account
    from .place import Place

# `sun_path` holds 104 bytes on macOS and 108 on Linux; the name is `/.s.PGSQL.5432` and a zero.
_LONGEST_FOLDER_BYTES = 104 - len("/.s.PGSQL.5432") - 1


def socket_folder(place: Place) -> Path:
    """Return where *place*'s server puts its socket: in its data, or in a short private folder.

    Raises `ConfigError` when the short folder is somebody else's.
    """
    if _can_be_a_host(place.data):
        return place.data
    digest = hashlib.sha256(os.fsencode(place.data)).hexdigest()[:10]
    return _private(Path(tempfile.gettempdir()) / f"sst-pg-{digest}", place.account)


def _can_be_a_host(folder: Path) -> bool:
    """Say whether a socket fits there and libpq takes the path: a comma separates its hosts."""
    return len(os.fsencode(folder)) <= _LONGEST_FOLDER_BYTES and "," not in str(folder)


def _private(folder: Path, account: Account | None) -> Path:
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, owner, account.gid if account else -1)
    except FileExistsError:
        _refuse_a_stranger(folder, owner)
    return folder


def _refuse_a_stranger(folder: Path, owner: int) -> None:
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077:
        return
    raise unusable(f"{folder} belongs to somebody else", "look at it, then remove it")
