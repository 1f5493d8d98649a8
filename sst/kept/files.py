"""Files and folders, compared by what their file system says of them; no content is read.

A name that is not there is a fact as well. Of a folder that was looked for and not listed, such as
one above the project, it counts only that it is the same one: its path ends with a slash.
A change that leaves size, number and both times as they were is seen where the times are finer
than the change is fast: what is as young as that is not kept in the first place.
"""

from __future__ import annotations

import os
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Folders = Mapping[str, Sequence[str]]
    """The names that count, by the folder that they are in."""

_SECOND = 1_000_000_000
_FINE = _SECOND // 10
_COARSE = 2 * _SECOND
"""A file system that counts whole seconds, or two of them."""
_MISSING = (0,) * 6


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return *paths*, which are absolute, as the names in each folder, sorted."""
    found: dict[str, list[str]] = {}
    for path in sorted(set(paths)):
        folder, _, name = path.rpartition("/")
        found.setdefault(folder, []).append(name)
    return found


def digest_of(folders: Folders) -> str:
    """Return the digest of what the file system says of every file now."""
    return blake2b(array("Q", _facts(folders)).tobytes()).hexdigest()


def settled_digest_of(folders: Folders, began_ns: int) -> str | None:
    """Return the digest; None when one of the files may have changed since *began_ns*.

    That is a moment in nanoseconds since the epoch.
    """
    facts = _facts(folders)
    moments = (*facts[4::6], *facts[5::6])
    if any(began_ns - at < _margin(at) for at in moments):
        return None
    return blake2b(array("Q", facts).tobytes()).hexdigest()


def _margin(moment_ns: int) -> int:
    return _FINE if moment_ns % _SECOND else _COARSE


def _facts(folders: Folders) -> list[int]:
    """Return six numbers for each name: kind, device, number, size, and both times."""
    facts: list[int] = []
    add, stat = facts.extend, os.stat
    for folder, names in folders.items():
        begin = f"{folder}/"
        for name in names:
            try:
                at = stat(begin + name)
            except OSError:
                add(_MISSING)
                continue
            if not name:
                add((at.st_mode, at.st_dev, at.st_ino, 0, 0, 0))
            else:
                add((at.st_mode, at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns))
    return facts
