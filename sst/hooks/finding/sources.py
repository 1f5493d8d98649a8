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

from sst import __version__
from sst.built_in import built_in_home
from sst.hooks.contract.error_location import shown
from sst.hooks.contract.specs import MODES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

ENTRY_POINT_GROUP = "sst.plugins"
FOLDER = "plugins"
DISTRIBUTION = "sst-platform"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_RESERVED = frozenset({"enabled"})  # `[default.plugins] enabled` is the list itself


class Kind(StrEnum):
    """Where a plugin comes from."""

    LOCAL = "local"
    BUILT_IN = "built_in"
    PACKAGE = "package"

    def __str__(self) -> str:
        """Return the word for a person."""
        return self.value.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that could be imported."""

    name: str
    kind: Kind
    version: str
    """Of the distribution; of a local plugin the first digits of its code's SHA-256."""
    source: str
    """The file below the project's root, or the distribution: what a person reads."""
    module: str
    """The module to import; where it is no package's, its name within the folder of plugins."""
    path: Path | None
    """The module's file, where it is known without importing it."""
    distribution: str = ""
    """The name of the installed distribution; nothing for a local plugin."""


def is_plugin_name(name: str) -> bool:
    """Say whether *name* can name a plugin."""
    return bool(_NAME.fullmatch(name)) and name not in _RESERVED


def find_candidates(root: Path) -> dict[str, tuple[Candidate, ...]]:
    """Return every plugin that could be enabled, by name; two under one name are a collision."""
    found: dict[str, tuple[Candidate, ...]] = {}
    local = tuple(_local(root))
    for candidate in (*local, *_built_in(local), *_installed()):
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
        text = file.read_bytes()
        # Most files of a package have none, and to parse them would take most of the time.
        tree = ast.parse(text if b"hookimpl" in text else b"")
    except (OSError, SyntaxError, ValueError):
        return set()
    functions = (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))
    return {node.name for node in functions if _is_marked(node)}


def _local(root: Path) -> Iterator[Candidate]:
    for name, file in _plugins_in(root.resolve() / FOLDER):
        yield Candidate(name, Kind.LOCAL, _digest(file), shown(file, root), name, file)


def _built_in(local: Collection[Candidate]) -> Iterator[Candidate]:
    """Yield the built-in plugins, without those that the project has as its own *local* files."""
    # In a checkout of the core its folder is the project's: that is one plugin, not two.
    own = {candidate.path.resolve() for candidate in local if candidate.path}
    source = f"{DISTRIBUTION} {__version__}"
    for name, file in _plugins_in(built_in_home() / FOLDER):
        if file.resolve() not in own:
            kind = Kind.BUILT_IN
            yield Candidate(name, kind, __version__, source, name, file, DISTRIBUTION)


def _plugins_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and file of every plugin in *folder*; nothing when there is no folder."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        file = path / "__init__.py" if path.is_dir() else path
        name = path.name if path.is_dir() else path.stem
        if file.suffix == ".py" and file.is_file() and is_plugin_name(name):
            yield name, file


def plugin_folder(candidate: Candidate, root: Path) -> Path:
    """Return the folder of plugins that *candidate*, which is no package's, lies in."""
    home = built_in_home() if candidate.kind is Kind.BUILT_IN else root.resolve()
    return home / FOLDER


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
    """Return the module's file; None where only an import would show it (editable installs)."""
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
