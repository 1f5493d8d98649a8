"""Packing an archive's files with gzip, outside pg_dump: on every core, and with ISA-L.

The package `isal` writes and reads gzip in a third of the processor time that zlib takes, which
pg_dump has. It packs where the settings say so, and reads wherever it is installed.
"""

from __future__ import annotations

import shutil
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sst.hooks import Veto

if TYPE_CHECKING:
    from pathlib import Path

_codec: Any = zlib
with suppress(ImportError):
    _codec = import_module("isal.isal_zlib")

Damage: tuple[type[Exception], ...] = (zlib.error, _codec.error)
"""The errors of an inflater for bytes that were never packed."""

_LEVEL = 1
_GZIP_BITS = 31
_CHUNK_BYTES = 1 << 20
# Of the rows of a table; large objects are as they are, `blob_7.dat`.
_END = b"\\.\n\n\n"
# `bytea` is twice as long as text.
_TEXT_TO_DATABASE = 2


class Packer:
    """Packs the rows and large objects in *archive*, a folder in pg_dump's directory format.

    pg_restore looks for `3490.dat.gz` where it finds no `3490.dat`, whatever the table of contents
    says of compression.
    """

    def __init__(self, archive: Path, threads: int) -> None:
        self._archive = archive
        self._threads = threads
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let what is being packed be the last."""
        self._stopped.set()

    def pack(self) -> None:
        """Replace each file by a packed one, the largest first.

        Raises `Veto` when the rows of a table do not come to their end, and `OSError`.
        """
        # `toc.dat` and `blobs_3364.toc` are read before anything is known of compression.
        files = [path for path in self._archive.glob("*.dat") if path.name != "toc.dat"]
        files.sort(key=lambda path: path.stat().st_size, reverse=True)
        with ThreadPoolExecutor(self._threads) as pool:
            for _ in pool.map(self._pack, files):
                pass

    def _pack(self, path: Path) -> None:
        packer = _codec.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_BITS)
        target = path.with_name(f"{path.name}.gz")
        target.touch(mode=0o600, exist_ok=False)
        with path.open("rb", buffering=0) as plain, target.open("wb") as packed:
            end = b""
            while (chunk := plain.read(_CHUNK_BYTES)) and not self._stopped.is_set():
                packed.write(packer.compress(chunk))
                end = (end + chunk)[-len(_END) :]
            packed.write(packer.flush())
        if path.name[0].isdigit() and end != _END and not self._stopped.is_set():
            raise unreadable(f"{self._archive.name}/{path.name} is cut off")
        path.unlink()


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
