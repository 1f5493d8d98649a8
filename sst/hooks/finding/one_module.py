"""One module object for a local plugin: `plugins.NAME` and the name that we import it by.

An application and a test write `from plugins.NAME import ...`, which Python finds by `sys.path`.
Two modules of one file would have two classes `Config` and two states, so whoever asks second is
given what the first has imported; under which name that was stays its `__name__`.
Files decide: an installed package that is called `plugins` has other ones, and so has another
project in this process.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from sst.hooks.contract.error_location import belongs
from sst.hooks.finding.sources import FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE_PREFIX = "sst_plugins_"


def private_package(root: Path, place: bytes = b"") -> str:
    """Return our name for the plugins of the project at *root*, or those of its in *place*."""
    digest = hashlib.sha256(os.fsencode(root.resolve()) + place)
    return f"{PACKAGE_PREFIX}{digest.hexdigest()[:12]}"


def install() -> None:
    """Answer imports from now on; once per process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def forget(package: str, folder: Path) -> None:
    """Forget the modules of *package* and, under the name `plugins`, those from *folder*."""
    is_own = package == private_package(folder.parent)
    for name, module in list(sys.modules.items()):
        if belongs(name, package) or (is_own and _is_public(name) and _lies_in(module, folder)):
            _remove(name)


def forget_half_imported() -> None:
    """Forget what other modules have asked for while its import, which failed, was under way."""
    for name, module in list(sys.modules.items()):
        first = getattr(module, "__name__", name)
        if first != name and _may_be_plugin(name) and first not in sys.modules:
            _remove(name)


class _Finder(MetaPathFinder):
    """Finds a module of a local plugin that was imported by its other name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where to take *fullname* from, None when this is the first import of its file."""
        if path is None or target is not None or not _may_be_plugin(fullname):
            return None
        other = _name_of_parent(fullname) or _name_in_other_package(fullname, path)
        module = _imported(other) if other else None
        return ModuleSpec(fullname, _Alias(module)) if module else None


class _Alias(Loader):
    """Gives a module that exists already a second name, and leaves it as it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that exists."""
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing: that was done under the first name, whose spec the import has replaced."""
        module.__spec__ = self._spec


def _may_be_plugin(name: str) -> bool:
    top, separator, _ = name.partition(".")
    return bool(separator) and (top == FOLDER or top.startswith(PACKAGE_PREFIX))


def _name_of_parent(name: str) -> str:
    """Return what *name* is in a package that was first imported by its other name."""
    parent, _, child = name.rpartition(".")
    first = getattr(sys.modules.get(parent), "__name__", parent)
    return f"{first}.{child}" if first != parent and _may_be_plugin(first) else ""


def _name_in_other_package(name: str, path: Sequence[str]) -> str:
    """Return the other name under which the file of *name* was imported; nothing without one."""
    top, _, rest = name.partition(".")
    found = None if "." in rest else PathFinder.find_spec(name, path)
    if found is None or not found.origin:
        return ""
    file = Path(found.origin)
    folder = file.parents[1] if file.stem == "__init__" else file.parent
    ours = private_package(folder.parent)
    if top not in (FOLDER, ours):
        return ""
    other = f"{ours if top == FOLDER else FOLDER}.{rest}"
    module = sys.modules.get(other)
    return other if isinstance(module, ModuleType) and _file(module) == _real(file) else ""


def _imported(name: str) -> ModuleType | None:
    """Return the module *name*; one that another thread imports is waited for."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise


def _is_public(name: str) -> bool:
    return name.startswith(f"{FOLDER}.")


def _remove(name: str) -> None:
    """Take the module *name* away, and its name from the package that it is in."""
    parent, _, child = name.rpartition(".")
    module = sys.modules.pop(name)
    package = sys.modules.get(parent)
    if package is not None and vars(package).get(child) is module:
        delattr(package, child)


def _lies_in(module: object, folder: Path) -> bool:
    file = _file(module) if isinstance(module, ModuleType) else None
    return file is not None and _real(folder) in file.parents


def _file(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return _real(Path(file)) if file else None


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
