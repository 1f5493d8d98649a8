"""The door to fsspec: files of backups to a store and back, in steps that can be stopped."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import inspect
import logging
from typing import TYPE_CHECKING, Any, Self

from fsspec.callbacks import Callback
from fsspec.core import url_to_fs

from sst.hooks import Veto

from ...postgres.task import Watch
from .known import driver_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ...manifest.manifest import ArchivedFile

_READ_BYTES = 8 * 2**20
# Small files are read back together: waiting for one answer after the other costs the time.
_SMALL_BYTES = 2**20
_TOGETHER = 32
# At DEBUG they log what they send: headers with tokens, signatures, whole requests.
_TALKATIVE = (
    *("aiobotocore", "botocore", "boto3", "s3fs", "gcsfs", "google", "adlfs", "azure"),
    *("fsspec", "paramiko", "urllib3", "requests"),
)


class Transfer:
    """The store at *url*; a path in it is a backup's id and a file's name."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        # A connection of an earlier instance, which fsspec would hand out again, may hang.
        own = {**copy.deepcopy(dict(options)), "skip_instance_cache": True}
        self._driver = driver_of(url)
        _silence_drivers()
        self._fs, root = url_to_fs(url, **own)
        self._root = root.rstrip("/")
        self._watch = Watch()

    def watched(self, watch: Watch) -> Self:
        """Return the same store, whose steps end when *watch* is abandoned."""
        other = copy.copy(self)
        other._watch = watch  # noqa: SLF001 - a copy of itself
        return other

    def cut(self) -> None:
        """End what hangs, as far as the driver lets it be ended, and its connections with it."""
        self._driver.cut(self._fs)

    def names(self) -> list[str]:
        """Return the names directly in the store; none when its folder does not exist yet."""
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(self._root, detail=False)
        except FileNotFoundError:
            if not self._driver.is_empty(self._fs, self._root):
                raise
            return []
        return sorted({path.rstrip("/").rpartition("/")[2] for path in found})

    def exists(self, name: str) -> bool:
        """Say whether the store has anything of *name*."""
        return name in self.names()

    def read_all(
        self, names: Sequence[str], file: str, most_bytes: int
    ) -> dict[str, bytes | Veto | None]:
        """Return the content of *file* in each of *names*, None where there is none.

        Anything but a file, or one larger than *most_bytes*, is not read: its value is a `Veto`.
        """
        paths = {name: self._path(name, file) for name in names}
        refused = self._refused(paths, most_bytes)
        wanted = [path for name, path in paths.items() if name not in refused]
        found = self._fs.cat(wanted, on_error="return") if wanted else {}
        return {
            name: refused.get(name) or _content(found.get(path)) for name, path in paths.items()
        }

    def write(self, name: str, file: str, content: bytes) -> None:
        """Write one small file."""
        self._driver.make_folder(self._fs, self._path(name))
        self._watch.check()
        self._fs.pipe_file(self._path(name, file), content)

    def put(self, name: str, files: Sequence[ArchivedFile], folder: Path) -> None:
        """Copy *files* from *folder*."""
        for parent in sorted({file.name.rpartition("/")[0] for file in files} - {""}):
            self._driver.make_folder(self._fs, self._path(name, parent))
        largest = max((file.size_bytes for file in files), default=0)
        self._fs.put(
            [str(folder / file.name) for file in files],
            [self._path(name, file.name) for file in files],
            callback=_Steps(self._watch),
            **self._driver.transfer_arguments(largest),
        )

    def get(self, name: str, files: Sequence[ArchivedFile], target: Path) -> None:
        """Copy *files* to *target*."""
        for file in files:
            (target / file.name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fs.get(
            [self._path(name, file.name) for file in files],
            [str(target / file.name) for file in files],
            callback=_Steps(self._watch),
            **self._get_arguments(),
        )

    def require_same(self, name: str, files: Sequence[ArchivedFile]) -> None:
        """Read *files* back; raise `Veto` when one is not what it should be.

        Checksums of stores differ from store to store, and for large objects they are not the
        file's. Only reading the files proves it everywhere.
        """
        self._fs.invalidate_cache()
        for found, file in self._digests(name, files):
            if found != file.sha256:
                raise Veto(f"{file.name} is not there as it was sent: its sha256 does not fit")

    def commit(self, name: str, old: str, new: str, content: bytes) -> None:
        """Rename the small file *old*; what counts is that *content* can be read as *new*."""
        self._watch.check()
        failure: Exception | None = None
        try:
            self._fs.mv(self._path(name, old), self._path(name, new))
        except Exception as error:  # noqa: BLE001 - a store may copy, and forbid to delete
            failure = error
        self._fs.invalidate_cache()
        if self.read_all([name], new, len(content))[name] != content:
            raise failure or Veto(f"{new} is not there as it was sent")

    def remove(self, name: str) -> None:
        """Remove everything of *name*, its manifest first: without that it is no backup."""
        self._watch.check()
        self._fs.invalidate_cache()
        root = self._path(name)
        manifest = self._path(name, "manifest.json")
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(manifest)
        self._watch.check()
        self._driver.forget_parts(self._fs, root)
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(root, recursive=True)
        self._fs.invalidate_cache()
        if self.exists(name):
            raise Veto("it is still there")

    def _refused(self, paths: Mapping[str, str], most_bytes: int) -> dict[str, Veto]:
        """Return why some of *paths* are not read: a pipe would block, a device never end."""
        if not paths:
            return {}
        root = self._path(*paths) if len(paths) == 1 else self._root
        found = self._driver.describe(self._fs, list(paths.values()), root)
        return {
            name: Veto(f"its manifest is no file of at most {most_bytes} bytes")
            for name, path in paths.items()
            if (about := found.get(path))
            and (about["type"] != "file" or (about["size"] or 0) > most_bytes)
        }

    def _get_arguments(self) -> dict[str, Any]:
        """Return arguments that keep a download small in memory; older drivers know fewer."""
        wanted = self._driver.transfer_arguments(0)
        known = inspect.signature(self._fs._get_file).parameters if wanted else ()  # noqa: SLF001 - no other way to ask
        return {name: value for name, value in wanted.items() if name in (*known, "batch_size")}

    def _digests(
        self, name: str, files: Sequence[ArchivedFile]
    ) -> Iterator[tuple[str, ArchivedFile]]:
        small = [file for file in files if file.size_bytes <= _SMALL_BYTES]
        for start in range(0, len(small), _TOGETHER):
            batch = {self._path(name, file.name): file for file in small[start:][:_TOGETHER]}
            self._watch.check()
            for path, content in self._fs.cat(list(batch)).items():
                yield hashlib.sha256(content).hexdigest(), batch[path]
        for file in files:
            if file.size_bytes > _SMALL_BYTES:
                yield self._digest(self._path(name, file.name)), file

    def _digest(self, path: str) -> str:
        digest = hashlib.sha256()
        with self._fs.open(path, "rb", block_size=_READ_BYTES, cache_type="none") as file:
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
                self._watch.check()
        return digest.hexdigest()

    def _path(self, name: str, file: str = "") -> str:
        return f"{self._root}/{name}/{file}".rstrip("/")


class _Steps(Callback):  # type: ignore[misc]
    """Stops a driver between two chunks, if it asks at all, when the work is abandoned."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def branched(self, path_1: str, path_2: str, **_: Any) -> _Steps:
        """Watch each file in the same way."""
        del path_1, path_2
        self._watch.check()
        return self

    def relative_update(self, inc: int = 1) -> None:
        """Ask after each chunk."""
        del inc
        self._watch.check()

    def absolute_update(self, value: int) -> None:
        """Ask after each chunk."""
        del value
        self._watch.check()


def _silence_drivers() -> None:
    """Let drivers log warnings only: the log knows our settings' secrets, not a role's token."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _content(found: object) -> bytes | None:
    """Return the bytes of a file, None when there is none; raise what went wrong otherwise."""
    if isinstance(found, FileNotFoundError) or found is None:
        return None
    if isinstance(found, Exception):
        raise found
    assert isinstance(found, bytes)  # noqa: S101 - what fsspec's `cat` gives
    return found
