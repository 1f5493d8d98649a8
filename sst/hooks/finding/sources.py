"""Find plugins by name, as files and as installed packages, and import nothing."""

from __future__ import annotations

import ast
import hashlib
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from sst.hooks.contract.error_location import shown
from sst.hooks.contract.specs import MODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENTRY_POINT_GROUP = "sst.plugins"
FOLDER = "plugins"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_RESERVED = frozenset({"enabled"})  # `[default.plugins] enabled` is the list itself


class Kind(StrEnum):
    """Where a plugin comes from."""

    LOCAL = "local"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that could be imported."""

    name: str
    kind: Kind
    version: str
    """Of the distribution; of a local plugin the first digits of its code's SHA-256."""
    source: str
    """The file below the project's root, or the distribution: what a person is told."""
    module: str
    """The module to import; for a local plugin its name within the folder."""
    path: Path | None
    """The module's file, where it is known without importing it."""
    distribution: str = ""
    """The name of the installed distribution; nothing for a local plugin."""


def is_plugin_name(name: str) -> bool:
    """Tell whether *name* can name a plugin."""
    return bool(_NAME.fullmatch(name)) and name not in _RESERVED


def find_candidates(root: Path) -> dict[str, tuple[Candidate, ...]]:
    """Return every plugin that could be enabled, by name; two under one name are a collision."""
    found: dict[str, tuple[Candidate, ...]] = {}
    for candidate in (*_local(root), *_installed()):
        found[candidate.name] = (*found.get(candidate.name, ()), candidate)
    return found


def declared_hooks(candidate: Candidate) -> tuple[str, ...]:
    """Return the hooks that *candidate* seems to implement: its text is read, not run."""
    marked = {name for file in _files(candidate.path) for name in _marked_functions(file)}
    return tuple(hook for hook in MODES if hook in marked)


def _files(path: Path | None) -> list[Path]:
    """Return the files of the plugin at *path*, the file of a module or of a package."""
    if path is None:
        return []
    return code_files(path.parent) if path.name == "__init__.py" else [path]


def code_files(folder: Path) -> list[Path]:
    """Return the Python files below *folder*; an editor's lock, a link to nowhere, is none."""
    return sorted(path for path in folder.rglob("*.py") if path.is_file())


def _marked_functions(file: Path) -> set[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    functions = (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))
    return {node.name for node in functions if _is_marked(node)}


def _local(root: Path) -> Iterator[Candidate]:
    folder = root.resolve() / FOLDER
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        file = path / "__init__.py" if path.is_dir() else path
        name = path.name if path.is_dir() else path.stem
        if file.suffix == ".py" and file.is_file() and is_plugin_name(name):
            yield Candidate(name, Kind.LOCAL, _digest(file), shown(file, root), name, file)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    for file in _files(path):
        # One that we may not read breaks its own plugin, and only when that is imported.
        digest.update(file.read_bytes() if os.access(file, os.R_OK) else b"")
    return digest.hexdigest()[:12]


def _installed() -> Iterator[Candidate]:
    # importlib.metadata orders by directory listing; sorted, the order is the same everywhere.
    found = metadata.entry_points(group=ENTRY_POINT_GROUP)
    for entry in sorted(found, key=lambda entry: (entry.name, _owner(entry))):
        name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
        yield Candidate(
            entry.name,
            Kind.PACKAGE,
            version,
            _owner(entry),
            entry.value,
            _module_file(entry),
            name,
        )


def _owner(entry: metadata.EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _module_file(entry: metadata.EntryPoint) -> Path | None:
    """Return the module's file; None where only importing would tell (editable installs)."""
    if entry.dist is None:
        return None
    stem = entry.module.replace(".", "/")
    places = (entry.dist.locate_file(f"{stem}{end}") for end in (".py", "/__init__.py"))
    return _first_file(places)


def _first_file(places: Iterable[object]) -> Path | None:
    return next((path for path in map(Path, map(str, places)) if path.is_file()), None)


def _is_marked(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_last_name(decorator) == "hookimpl" for decorator in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
