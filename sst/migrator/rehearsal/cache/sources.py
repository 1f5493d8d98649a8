"""The files that a rehearsal's result was made of: noted while revisions run, compared later.

These are the modules that are imported, and what else the revisions open, list or look for, such
as files of SQL.
Packages that are installed are known by their names and versions.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import sysconfig
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sst
from sst.process.looks import audited, looked_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_began = {"at": time.time()}
"""When this module was imported, or its process was forked: before a project's file is read."""
os.register_at_fork(after_in_child=lambda: _began.update(at=time.time()))
_INSTALLED = tuple(
    f"{os.path.realpath(sysconfig.get_path(name))}{os.sep}"
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
_OURS = f"{Path(sst.__file__).resolve().parent}{os.sep}"
_NO_FILES = ("/proc/", "/sys/", "/dev/")
_READS = ("open", "os.listdir", "os.scandir")
_IS_THERE = f"{os.sep}?"
"""Stands behind a path of which only counts whether something is there, and of which kind."""
_ALL_NAMES = f"{os.sep}*"
"""Stands behind a folder whose names count, all of them."""
_CODE = (".py", ".so", ".pyc")


class Opened:
    """The files that were opened or looked for, and the folders listed, while in `noting`."""

    def __init__(self) -> None:
        self.paths: set[str] = set()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what is opened, listed and looked for in the body.

        The import of a module lists its folder.
        """
        with audited(self._hear), looked_for(self._look):
            yield

    def _look(self, path: str) -> None:
        self.paths.add(f"{path}{_IS_THERE}")

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in _READS or not isinstance(arguments[0], str | bytes):
            return
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 - as it is
        if event == "open":
            self.paths.add(path)
        elif not sys._getframe(2).f_code.co_filename.startswith("<frozen importlib"):  # noqa: SLF001
            self.paths.add(f"{path}{_ALL_NAMES}")


def digests(opened: Iterable[str], further: Iterable[Path]) -> dict[str, str] | None:
    """Return the digest of each file that counts, by path: imported, *opened*, or *further*.

    With them are the names of the code in the folders of these, where a new file can come before
    another one. None where a file has changed since this process began: what it has read then
    may not be what is there.
    """
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = {*opened, *filter(None, modules), *map(str, further)}
    found = {os.path.realpath(path) for path in paths if not path.endswith(".pyc")}
    counted = sorted(path for path in found if not path.startswith((*_INSTALLED, *_NO_FILES)))
    if any(_changed_at(path) > _began["at"] for path in counted):
        return None
    read = (path for path in counted if not path.endswith(_IS_THERE))
    folders = {f"{Path(path).parent}{os.sep}" for path in read}
    return {path: _digest(path) for path in (*counted, *sorted(folders))}


def is_of_project(file: str) -> bool:
    """Say whether the module *file* is neither installed nor ours."""
    path = os.path.realpath(file)
    return not path.startswith((*_INSTALLED, _OURS))


def are_same(known: Mapping[str, str]) -> bool:
    """Say whether every file of *known*, as `digests` returned them, is as it was."""
    return all(_digest(path) == digest for path, digest in known.items())


def _changed_at(path: str) -> float:
    if path.endswith(_IS_THERE):
        return 0.0
    try:
        found = Path(path.removesuffix(_ALL_NAMES)).stat()
    except OSError:
        return 0.0
    return max(found.st_mtime, found.st_ctime)


def _digest(path: str) -> str:
    """Return the digest of a file's bytes, or of the names of code in a folder; "" for nothing."""
    try:
        if path.endswith(_IS_THERE):
            mode = Path(path.removesuffix(_IS_THERE)).stat().st_mode
            content = str(stat.S_IFMT(mode)).encode()
        elif path.endswith(_ALL_NAMES):
            folder = Path(path.removesuffix(_ALL_NAMES))
            content = _listed(each.name for each in folder.iterdir())
        elif path.endswith(os.sep):
            content = _listed(_code_in(path))
        else:
            content = Path(path).read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(content).hexdigest()


def _code_in(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [
            entry.name
            for entry in entries
            if entry.name.endswith(_CODE) or Path(entry.path, "__init__.py").is_file()
        ]


def _listed(names: Iterable[str]) -> bytes:
    return "\n".join(sorted(names)).encode(errors="surrogateescape")
