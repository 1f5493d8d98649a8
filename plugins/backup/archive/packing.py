"""Packing an archive's files with gzip, outside pg_dump: on every core, and with ISA-L.

The package `isal` writes and reads gzip in a third of the processor time that zlib takes, which
pg_dump has. It packs where it is installed; what it has packed is read without it as well.
"""

from __future__ import annotations

import re
import shutil
import struct
import threading
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

from sst.hooks import Veto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

_codec: Any = zlib
with suppress(ImportError):
    _codec = import_module("isal.isal_zlib")

Damage: tuple[type[Exception], ...] = (zlib.error, _codec.error)
"""The errors of an inflater for bytes that were never packed."""

_LEVEL = 1
_GZIP_BITS = 31
_RAW_BITS = -15
# RFC 1952: no name, no time, made fast; at the end checksum and length of what was packed.
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\x04\xff"
_TRAILER = struct.Struct("<II")
# What one core packs at a time. It begins without what was before it, which costs no size here.
_CHUNK_BYTES = 4 << 20
# Of the rows of a table; large objects are as they are, `blob_7.dat`.
_END = b"\\.\n\n\n"
# `pg_dump: finished item 3360 TABLE DATA docs`: no worker writes to `3360.dat` any more.
_FINISHED = re.compile(rb"^pg_dump: finished item (\d+) TABLE DATA .*\n", re.MULTILINE)
# `bytea` is twice as long as text.
_TEXT_TO_DATABASE = 2


class Packer:
    """Packs the rows and large objects in *archive*, a folder in pg_dump's directory format.

    pg_restore looks for `3490.dat.gz` where it finds no `3490.dat`, whatever the table of contents
    says of compression. A table is packed while others are dumped still, on *threads* cores.
    """

    def __init__(self, archive: Path, threads: int) -> None:
        self._archive = archive
        self._threads = threads
        self._finished: SimpleQueue[str | None] = SimpleQueue()
        self._looked_at = 0
        self._stopped = threading.Event()

    def look(self, printed: bytes) -> None:
        """Take the tables that pg_dump has finished; *printed* is all that it said so far."""
        for found in _FINISHED.finditer(printed, self._looked_at):
            self._looked_at = found.end()
            self._finished.put(found[1].decode())

    def dumped(self) -> None:
        """Take all the rest: pg_dump has ended well."""
        self._finished.put(None)

    def stop(self) -> None:
        """Let what is being packed be the last."""
        self._stopped.set()
        self._finished.put(None)

    def pack(self) -> None:
        """Replace each file by a packed one, until `dumped` or `stop` is called from elsewhere.

        Raises `Veto` when the rows of a table do not come to their end, and `OSError`.
        """
        with ThreadPoolExecutor(self._threads) as pool:
            for number in iter(self._finished.get, None):
                path = self._archive / f"{number}.dat"
                # A table may have any name, also one with such a line in it.
                if path.exists() and _has_end(path):
                    self._pack(path, pool)
            for path in self._rest():
                if _is_rows(path) and not _has_end(path):
                    raise unreadable(f"{self._archive.name}/{path.name} is cut off")
                self._pack(path, pool)

    def _rest(self) -> list[Path]:
        # `toc.dat` and `blobs_3364.toc` are read before anything is known of compression.
        return [path for path in self._archive.glob("*.dat") if path.name != "toc.dat"]

    def _pack(self, path: Path, pool: ThreadPoolExecutor) -> None:
        if self._stopped.is_set():
            return
        target = path.with_name(f"{path.name}.gz")
        target.touch(mode=0o600, exist_ok=False)
        with path.open("rb", buffering=0) as plain, target.open("wb") as packed:
            packed.write(_HEADER)
            checksum, size = 0, 0
            for chunk, deflated in self._deflated(plain, pool):
                checksum, size = _codec.crc32(chunk, checksum), size + len(chunk)
                packed.write(deflated.result())
            packed.write(_deflate(b"", is_last=True))
            packed.write(_TRAILER.pack(checksum, size & 0xFFFF_FFFF))
        if not self._stopped.is_set():
            path.unlink()

    def _deflated(
        self, plain: BinaryIO, pool: ThreadPoolExecutor
    ) -> Iterator[tuple[bytes, Future[bytes]]]:
        """Yield the chunks of *plain* with their packed bytes, a few at work ahead."""
        ahead: deque[tuple[bytes, Future[bytes]]] = deque()
        while (chunk := plain.read(_CHUNK_BYTES)) and not self._stopped.is_set():
            ahead.append((chunk, pool.submit(_deflate, chunk)))
            if len(ahead) > self._threads:
                yield ahead.popleft()
        yield from ahead


def can_pack() -> bool:
    """Say whether the package is there that packs sooner than pg_dump does."""
    return _codec is not zlib


def _deflate(chunk: bytes, *, is_last: bool = False) -> bytes:
    """Return *chunk* as blocks of their own, to which more are added unless it *is_last*."""
    packer = _codec.compressobj(_LEVEL, zlib.DEFLATED, _RAW_BITS)
    rest = zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH
    return bytes(packer.compress(chunk) + packer.flush(rest))


def _is_rows(path: Path) -> bool:
    return path.name[0].isdigit()


def _has_end(path: Path) -> bool:
    """Say whether *path* has the line that is after the last row of a table."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(_END)))
        return file.read() == _END


def has_room(folder: Path, database_bytes: int) -> bool:
    """Say whether a whole database can lie in *folder* unpacked for a while."""
    return shutil.disk_usage(folder).free > _TEXT_TO_DATABASE * database_bytes


def unreadable(reason: str) -> Veto:
    """Return the refusal of an archive that is not whole, for that *reason*."""
    return Veto(
        f"the backup cannot be read back: {reason}",
        "look for faults of the disk, then run the command again; the database was not touched",
    )


def inflater() -> Any:  # noqa: ANN401 - isal's or zlib's, they are alike
    """Return an object that unpacks one gzip file: `decompress`, `eof`, `unused_data`."""
    return _codec.decompressobj(_GZIP_BITS)
