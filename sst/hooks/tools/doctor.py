"""Faults that the plugins of a project could have, found without running their hooks."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from sst.hooks.finding.sources import FOLDER, Kind, find_candidates
from sst.hooks.finding.validation import holder_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sst.errors import Problem
    from sst.hooks.finding.discovery import FoundPlugin
    from sst.hooks.finding.sources import Candidate

SLOW_IMPORT_SECONDS = 0.3
ALEMBIC_GROUP = "alembic.plugins"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `plugins doctor` found; `error` stops a run, `warning` may surprise."""

    code: str
    level: str
    """`error` or `warning`."""
    subject: str
    what: str
    hint: str = ""

    @classmethod
    def of(cls, problem: Problem) -> Finding:
        """Return a problem of settings and plugins, which is an error."""
        what = f"{problem.what} [{problem.source}]" if problem.source else problem.what
        return cls("configuration", "error", problem.subject, what, problem.hint)


def warning(code: str, subject: str, what: str, hint: str = "") -> Finding:
    """Return a finding that stops nothing."""
    return Finding(code, "warning", subject, what, hint)


def collisions(root: Path, enabled: Sequence[str]) -> Iterator[Finding]:
    """Yield the names that are found twice, enabled or not; enabled, one is an error elsewhere."""
    for name, found in find_candidates(root).items():
        if len(found) > 1 and name not in enabled:
            places = " and ".join(f"{each.source} ({each.kind.value})" for each in found)
            hint = "rename or remove one of them before you enable it"
            yield warning("collision", f"plugin {name}", f"is found twice: {places}", hint)


def writable_by_others(root: Path, enabled: Sequence[str]) -> Iterator[Finding]:
    """Yield folders and files of enabled plugins that another user of the machine may change."""
    candidates = find_candidates(root)
    mine = [each for name in enabled for each in candidates.get(name, ())]
    for path in dict.fromkeys([*_folder(root), *(p for each in mine for p in _places(each))]):
        if path.stat().st_mode & stat.S_IWOTH:
            hint = f"chmod o-w {path}"
            yield warning("world_writable", str(path), "may be changed by any user", hint)


def foreign_alembic_plugins() -> Iterator[Finding]:
    """Yield what Alembic itself imports unasked: the entry points of its own plugin group."""
    for entry in metadata.entry_points(group=ALEMBIC_GROUP):
        owner = entry.dist.name if entry.dist else ""
        if owner != "alembic":
            what = f"is imported by Alembic on every run, from {owner or entry.value}"
            hint = "plugins.enabled does not govern it; uninstall it where it is not wanted"
            yield warning("alembic_plugin", entry.name, what, hint)


def slow_imports(found: Iterable[FoundPlugin]) -> Iterator[Finding]:
    """Yield the plugins whose import every command waits for."""
    for plugin in found:
        if plugin.import_seconds > SLOW_IMPORT_SECONDS:
            what = f"takes {plugin.import_seconds * 1000:.0f} ms to import"
            hint = "import what is heavy inside the function that needs it"
            yield warning("slow_import", f"plugin {plugin.name}", what, hint)


def optional_hooks(found: Iterable[FoundPlugin], known: Mapping[str, object]) -> Iterator[Finding]:
    """Yield hooks marked optional that this version does not have: they are never called."""
    from sst.hooks.finding.hook_functions import hook_functions, nearest

    for plugin in found:
        for each in hook_functions(holder_of(plugin.module)):
            if each.hook not in known:
                meant = nearest(each.hook, known)
                hint = f"did you mean {meant}?" if meant else "a newer version may have it"
                what = f"its optional hook {each.hook} does not exist here"
                yield warning("unknown_hook", f"plugin {plugin.name}", what, hint)


def _folder(root: Path) -> list[Path]:
    return [folder] if (folder := root / FOLDER).is_dir() else []


def _places(candidate: Candidate) -> list[Path]:
    if candidate.path is None:
        return []
    is_package = candidate.path.name == "__init__.py" and candidate.kind is not Kind.PACKAGE
    return [candidate.path, candidate.path.parent] if is_package else [candidate.path]
