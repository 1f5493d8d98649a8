"""`plugins.lock`: which code the enabled plugins are, by distribution, version and hash.

Written by `migrate.py plugins lock`, committed, and held against what is installed before
anything is imported where protected: code that changed under the operator's feet does not run.
What that covers and what not is in docs/plugin-authors/plugin-isolation.md.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from sst.config.declared.plugin_policy import PluginPolicy
from sst.errors import ConfigError, Problem
from sst.hooks.finding.selection import Picked, pick
from sst.hooks.finding.sources import Kind, find_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from sst.hooks.finding.sources import Candidate

LOCK_FILE = "plugins.lock"
# A native module goes before the source of the same name.
_IMPORTABLE = frozenset({".py", ".pyc", ".so", ".pyd"})
_HEAD = """\
# The code of the enabled plugins; written by the command `plugins lock`.
# In a protected environment a plugin that differs from its entry is refused before its import.
"""
_RELOCK = "if the change is meant, run `python migrate.py plugins lock` and commit plugins.lock"


@dataclass(frozen=True, slots=True)
class Locked:
    """One plugin's entry."""

    name: str
    kind: str
    """`local`, `built_in` or `package`."""
    distribution: str
    """Empty for a local plugin."""
    version: str
    """Of the distribution; empty for a local plugin, whose hash says it all."""
    sha256: str
    """Over the names and contents of all its files that Python can import."""


def lock_entries(root: Path, names: Sequence[str]) -> tuple[Locked, ...]:
    """Return the entries of the plugins *names*, which are found and not imported.

    Raises `ConfigError` with those that are missing or found twice.
    """
    candidates = find_candidates(root)
    picked = [pick(name, PluginPolicy(), candidates) for name in names]
    problems = [problem for each in picked if isinstance(each, list) for problem in each]
    if problems:
        raise ConfigError(problems)
    return tuple(_locked(each.candidate) for each in picked if isinstance(each, Picked))


def write_lock(root: Path, entries: Sequence[Locked]) -> Path:
    """Write the *entries* into the lock file below *root* and return its path."""
    path = root / LOCK_FILE
    tables = ("\n".join(["[[plugin]]", *_lines(entry), ""]) for entry in entries)
    path.write_text("\n".join([_HEAD, *tables]), encoding="utf-8")
    return path


def read_lock(root: Path) -> tuple[Locked, ...] | None:
    """Return the entries of the lock file below *root*; None without a file.

    Raises `ConfigError` when it cannot be read.
    """
    path = root / LOCK_FILE
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("plugin", [])
        return tuple(Locked(**table) for table in tables)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        hint = "run `python migrate.py plugins lock` to write it again"
        what = f"cannot be read: {type(error).__name__}"
        raise ConfigError([Problem(LOCK_FILE, what, hint=hint)]) from error


def refuse_changed_code(root: Path, names: Sequence[str]) -> None:
    """Raise `ConfigError` with every plugin of *names* that differs from the lock file."""
    problems = tuple(lock_problems(root, names))
    if problems:
        raise ConfigError(problems)


def lock_problems(root: Path, names: Sequence[str]) -> Iterator[Problem]:
    """Yield how the plugins *names* differ from the lock file; nothing without a file.

    A plugin that is missing or found twice is reported elsewhere.
    """
    locked = read_lock(root)
    if locked is None:
        return
    entries = {entry.name: entry for entry in locked}
    candidates = find_candidates(root)
    for name in dict.fromkeys(names):
        mine = candidates.get(name, ())
        if len(mine) == 1:
            yield from _differences(name, _locked(mine[0]), entries.get(name))


def _differences(name: str, found: Locked, locked: Locked | None) -> Iterator[Problem]:
    if locked is None:
        yield Problem(f"plugin {name}", "has no entry in the lock", LOCK_FILE, _RELOCK)
        return
    for field in fields(Locked):
        old, new = getattr(locked, field.name), getattr(found, field.name)
        if old != new:
            what = f"its {field.name} is {_told(new)}, the lock has {_told(old)}"
            yield Problem(f"plugin {name}", what, LOCK_FILE, _RELOCK)
            return


def _told(value: str) -> str:
    return (
        f"{value[:12]}..." if len(value) == hashlib.sha256().digest_size * 2 else value or "none"
    )


def _lines(entry: Locked) -> list[str]:
    return [f'{name} = "{value}"' for name, value in asdict(entry).items()]


def _locked(candidate: Candidate) -> Locked:
    is_local = candidate.kind is Kind.LOCAL
    return Locked(
        name=candidate.name,
        kind=candidate.kind.value,
        distribution=candidate.distribution,
        version="" if is_local else candidate.version,
        sha256=_digest(_code_of(candidate)),
    )


def _code_of(candidate: Candidate) -> tuple[Path, list[Path]]:
    """Return the folder of the plugin's code and the files that its import can run."""
    if candidate.kind is not Kind.PACKAGE:
        return _local_code(candidate)
    spec = _top_spec(candidate.module)
    origin = Path(spec.origin) if spec and spec.origin else None
    if origin and origin.name != "__init__.py":
        return origin.parent, [origin]
    # Without an origin it is a namespace package, which may lie in several folders.
    folders = sorted(map(Path, (spec.submodule_search_locations if spec else None) or ()))
    return Path(), [file for folder in folders for file in _importable(folder)]


def _local_code(candidate: Candidate) -> tuple[Path, list[Path]]:
    """Return the plugin's files, what Python would take instead, and the siblings it may use."""
    path = candidate.path or Path()
    is_package = path.name == "__init__.py"
    folder = path.parent.parent if is_package else path.parent
    own = _importable(path.parent) if is_package else [path]
    beside = [each for each in sorted(folder.iterdir()) if _belongs(each, candidate.name)]
    files = [file for each in beside for file in _importable(each)]
    return folder, sorted({*own, *files})


def _belongs(path: Path, name: str) -> bool:
    """Say whether a plugin *name* beside *path* may import it, or import it by its own name."""
    is_shared = path.name.startswith("_") and not path.name.startswith("__")
    return is_shared or (path.is_file() and path.name.partition(".")[0] == name)


def _importable(place: Path) -> list[Path]:
    """Return the file *place*, or those below it, that Python can import; links are followed."""
    if place.is_file():
        return [place] if place.suffix in _IMPORTABLE else []
    found: list[Path] = []
    seen: set[str] = set()
    for folder, folders, names in os.walk(place, followlinks=True):
        is_new = os.path.realpath(folder) not in seen
        seen.add(os.path.realpath(folder))
        folders[:] = [each for each in folders if is_new and each != "__pycache__"]
        files = (Path(folder, name) for name in names if is_new)
        found += [path for path in files if path.suffix in _IMPORTABLE and path.is_file()]
    return sorted(found)


def _top_spec(module: str) -> ModuleSpec | None:
    """Return where the package that holds *module* is: a top-level name imports nothing."""
    top = module.partition(":")[0].partition(".")[0]
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None


def _digest(code: tuple[Path, list[Path]]) -> str:
    folder, files = code
    digest = hashlib.sha256()
    for file in files:
        text = file.read_bytes()
        digest.update(f"{_name_in(folder, file)}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()


def _name_in(folder: Path, file: Path) -> str:
    """Return the name of *file* in *folder*; without a folder, in its place for packages."""
    if folder.parts:
        return file.relative_to(folder).as_posix()
    places = [Path(place) for place in sys.path if place and file.is_relative_to(place)]
    place = max(places, key=lambda each: len(each.parts), default=file.parent)
    return file.relative_to(place).as_posix()
