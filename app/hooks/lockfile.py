"""`plugins.lock`: which code the enabled plugins are, by distribution, version and hash.

Written by `migrate.py plugins lock`, committed, and held against what is installed before
anything is imported in production: code that changed under the operator's feet does not run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from app.config.policy import PluginPolicy
from app.errors import ConfigError, Problem
from app.hooks.picking import Picked, pick
from app.hooks.sources import Kind, code_files, find_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.hooks.sources import Candidate

LOCK_FILE = "plugins.lock"
_HEAD = """\
# The code of the enabled plugins; written by `python migrate.py plugins lock`.
# In production a plugin that differs from its entry here is refused before it is imported.
"""
_RELOCK = "if the change is meant, run `python migrate.py plugins lock` and commit plugins.lock"


@dataclass(frozen=True, slots=True)
class Locked:
    """One plugin's entry."""

    name: str
    kind: str
    """`local` or `package`."""
    distribution: str
    """Empty for a local plugin."""
    version: str
    """Of the distribution; empty for a local plugin, whose hash says it all."""
    sha256: str
    """Over the names and texts of its Python files."""


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

    A plugin that is missing or found twice is somebody else's problem.
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
        distribution="" if is_local else candidate.source.rpartition(" ")[0],
        version="" if is_local else candidate.version,
        sha256=_digest(_code_of(candidate)),
    )


def _code_of(candidate: Candidate) -> tuple[Path, list[Path]]:
    """Return the folder of the plugin's code and its Python files."""
    is_local = candidate.kind is Kind.LOCAL
    path = candidate.path if is_local else _top_file(candidate.module)
    if path is None:
        return Path(), []
    if path.name == "__init__.py":
        return path.parent, code_files(path.parent)
    return path.parent, [path]


def _top_file(module: str) -> Path | None:
    """Return the file of the package that holds *module*: a top-level name imports nothing."""
    top = module.partition(":")[0].partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _digest(code: tuple[Path, list[Path]]) -> str:
    folder, files = code
    digest = hashlib.sha256()
    for file in files:
        text = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()
