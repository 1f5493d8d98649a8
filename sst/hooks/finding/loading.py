"""Import one plugin: a file under a package of its own, an installed one by its name.

A local plugin is `sst_plugins_<digest of the root>.NAME`; the digest of a built-in one is of the
root and its own folder. Where the project's own `plugins.NAME` was imported first, it is that
(`one_module.py`).
So relative imports, dataclasses and pydantic models with postponed annotations work (they look
their module up in `sys.modules`), an installed package called `plugins` does not interfere,
`sys.path` stays as it is, and two projects in one process do not mix.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from sst.hooks.finding.one_module import (
    forget,
    forget_half_imported,
    install,
    private_package,
)
from sst.hooks.finding.sources import Kind, code_files, plugin_folder

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sst.hooks.finding.sources import Candidate

LOAD_ERRORS = (Exception, SystemExit)
"""Exceptions of a plugin's own code that we report; Ctrl-C and our signals go on."""


def load(candidate: Candidate, root: Path, enabled: Collection[str] = ()) -> ModuleType:
    """Import *candidate*, a plugin of the project at *root*, and return its module.

    A plugin that is a file may import siblings whose name starts with an underscore, and plugins
    that are *enabled*; another sibling is a plugin that is not enabled, and is not imported.
    Raises whatever the plugin's code raises, SystemExit included.
    """
    importlib.invalidate_caches()
    if candidate.kind is Kind.PACKAGE:
        return importlib.import_module(candidate.module)
    folder = plugin_folder(candidate, root)
    install()
    package = _package(top_package(candidate, root), folder)
    _bar_the_unlisted(package, folder, enabled)
    try:
        return importlib.import_module(f"{package}.{candidate.module}")
    except BaseException:
        forget_half_imported()
        raise


def top_package(candidate: Candidate, root: Path) -> str:
    """Return the package that holds the code of *candidate* and of its siblings."""
    if candidate.kind is Kind.PACKAGE:
        return candidate.module.partition(".")[0]
    if candidate.kind is Kind.BUILT_IN:
        # Per project, too: what one of them has enabled is not importable for another.
        return private_package(root, b"\0" + os.fsencode(plugin_folder(candidate, root)))
    return private_package(root)


def _package(name: str, folder: Path) -> str:
    """Make the package that stands for *folder*; forget what it held when a file has changed."""
    state, was = _state(folder), getattr(sys.modules.get(name), "__state__", None)
    if was != state:
        if was is not None:
            forget(name, folder)
        module = ModuleType(name, "Plugins of one project that are files.")
        module.__path__ = [str(folder)]
        module.__dict__["__state__"] = state
        sys.modules[name] = module
    return name


def _state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    stats = ((str(path), path.stat()) for path in code_files(folder))
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)


def _bar_the_unlisted(package: str, folder: Path, enabled: Collection[str]) -> None:
    for path in folder.iterdir():
        module = f"{package}.{path.stem}"
        if path.stem.startswith(("_", ".")):
            continue
        if path.stem not in enabled:
            # The import system's own word for "must not be imported".
            sys.modules[module] = None  # type: ignore[assignment]
        elif sys.modules.get(module, path) is None:
            del sys.modules[module]
