"""The files of an archive: their names, sizes and sha256, and whether they can be decoded."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from ..manifest.manifest import ArchivedFile
from .packing import Damage, inflater, unreadable

if TYPE_CHECKING:
    from pathlib import Path

# Hashing and inflating leave Python's lock: two threads are two cores.
_THREADS = 2
_CHUNK_BYTES = 1 << 20
# A byte can stand for a thousand: what comes out at once must fit into memory.
_INFLATED_BYTES = 1 << 16


class Reader:
    """Reads the files of one *archive*, a file or a folder in *folder*; `stop` ends it soon."""

    def __init__(self, folder: Path, archive: str) -> None:
        self._folder = folder
        self._archive = folder / archive
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let what is being read be the last."""
        self._stopped.set()

    def describe(self, *, decode: bool = False) -> tuple[ArchivedFile, ...]:
        """Return the archive's files by name; with *decode* each `.gz` is inflated meanwhile.

        gzip has a checksum of what was packed: any byte that has changed is found.
        Raises `Veto` when a file is not whole.
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            read = partial(self._read, decode=decode)
            return tuple(pool.map(read, files_of(self._archive)))

    def _read(self, path: Path, *, decode: bool) -> ArchivedFile:
        name = path.relative_to(self._folder).as_posix()
        digest = hashlib.sha256()
        inflate = _Inflating(name) if decode and path.suffix == ".gz" else None
        size = 0
        with path.open("rb", buffering=0) as file:
            while (chunk := file.read(_CHUNK_BYTES)) and not self._stopped.is_set():
                size += len(chunk)
                digest.update(chunk)
                if inflate:
                    inflate.feed(chunk)
        if inflate and not self._stopped.is_set():
            inflate.end()
        return ArchivedFile(name, size, digest.hexdigest())


class _Inflating:
    """Inflates one file and throws away what comes out."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._inflater = inflater()

    def feed(self, chunk: bytes) -> None:
        for start in range(0, len(chunk), _INFLATED_BYTES):
            if self._inflater.eof:
                raise unreadable(f"{self._name} goes on after its end")
            try:
                self._inflater.decompress(chunk[start : start + _INFLATED_BYTES])
            except Damage as error:
                raise unreadable(f"{self._name} is damaged: {error}") from None

    def end(self) -> None:
        if not self._inflater.eof:
            raise unreadable(f"{self._name} is cut off")
        if self._inflater.unused_data:
            raise unreadable(f"{self._name} goes on after its end")


def files_of(archive: Path) -> list[Path]:
    """Return the files of *archive*, itself when it is one."""
    return sorted(archive.iterdir()) if archive.is_dir() else [archive]


def total_bytes(archive: Path) -> int:
    """Return the bytes of *archive* so far; a file that goes meanwhile does not count."""
    total = 0
    for path in files_of(archive):
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total
