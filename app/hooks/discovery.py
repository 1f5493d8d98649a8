"""Import the plugins that the settings list, in that order, and collect what is wrong."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.hooks.impls import hook_names, nearest
from app.hooks.loading import LOAD_ERRORS, PACKAGE_PREFIX, load, top_package
from app.hooks.places import place_of, shown, told
from app.hooks.sources import (
    ENTRY_POINT_GROUP,
    FOLDER,
    Candidate,
    Kind,
    find_candidates,
    is_plugin_name,
)
from app.hooks.specs import MODES
from app.hooks.validation import holder_of, module_problems, problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from pydantic import BaseModel

    from app.errors import Problem

    Candidates = Mapping[str, Sequence[Candidate]]

_LIST = "plugins.enabled"


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """A plugin that was imported and whose hooks can be called."""

    name: str
    kind: Kind
    source: str
    """The file below the project's root, or the distribution."""
    version: str
    """Of the distribution; of a local plugin the first digits of its code's SHA-256."""
    root: Path
    """The project's root."""
    module: ModuleType = field(repr=False)
    config_model: type[BaseModel] | None = field(default=None, repr=False)
    """What its section of the settings is read with."""
    import_seconds: float = 0.0
    """What its import took, with what nobody had imported before it."""

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that it implements, in the order of the reference."""
        implemented = hook_names(holder_of(self.module))
        return tuple(hook for hook in MODES if hook in implemented)

    @property
    def package(self) -> str:
        """The package that holds its code."""
        return self.module.__name__.partition(".")[0]

    def implements(self, hook: str) -> bool:
        """Tell whether it has a function for *hook*; nothing is instantiated."""
        return hook in self.hooks


@dataclass(frozen=True, slots=True)
class Discovery:
    """The plugins that were found, in the order of the settings, and what was wrong."""

    found: tuple[FoundPlugin, ...]
    problems: tuple[Problem, ...]


def discover(root: Path, names: Sequence[str]) -> Discovery:
    """Import the plugins *names* of the project at *root*; nothing else is imported.

    A name is `plugins/NAME.py` or `plugins/NAME/__init__.py`, else an entry point of an
    installed distribution.
    A bad plugin never raises: it is a problem, and the next one is tried.
    """
    candidates = find_candidates(root)
    outcomes = [_outcome(name, candidates, root, names) for name in dict.fromkeys(names)]
    return Discovery(
        found=tuple(each for each in outcomes if isinstance(each, FoundPlugin)),
        problems=(
            *(_listed_twice(name) for name, count in Counter(names).items() if count > 1),
            *(fault for each in outcomes if isinstance(each, list) for fault in each),
        ),
    )


def _outcome(
    name: str, candidates: Candidates, root: Path, enabled: Sequence[str]
) -> FoundPlugin | list[Problem]:
    return _unfit(name, candidates) or _import(candidates[name][0], root, enabled)


def _listed_twice(name: str) -> Problem:
    return problem(name, "is listed twice", _LIST, "a name has one place in the order")


def _unfit(name: str, candidates: Candidates) -> list[Problem]:
    """Return why there is not exactly one thing to import for *name*."""
    if not is_plugin_name(name):
        hint = "letters, digits, _ and -; the first is a letter; not `enabled`"
        return [problem(name, "is no name for a plugin", _LIST, hint)]
    mine = candidates.get(name, ())
    if not mine:
        return [_missing(name, candidates)]
    if len(mine) > 1:
        places = " and ".join(f"{each.source} ({each.kind.value})" for each in mine)
        return [problem(name, f"is found twice: {places}", _LIST, "rename or remove one of them")]
    return _not_a_module(mine[0])


def _missing(name: str, candidates: Candidates) -> Problem:
    what = f"not found: no {FOLDER}/{name}.py, no {FOLDER}/{name}/__init__.py"
    what += f", no installed package with an entry point {name} in {ENTRY_POINT_GROUP}"
    meant = nearest(name, candidates)
    hint = f"did you mean {meant}?" if meant else f"add it, or take it out of {_LIST}"
    return problem(name, what, _LIST, hint)


def _not_a_module(candidate: Candidate) -> list[Problem]:
    module, separator, _ = candidate.module.partition(":")
    what = f"its entry point {candidate.module} names an object, not a module"
    hint = f'write {candidate.name} = "{module}"'
    return [problem(candidate.name, what, candidate.source, hint)] if separator else []


def _import(
    candidate: Candidate, root: Path, enabled: Sequence[str]
) -> FoundPlugin | list[Problem]:
    started = time.monotonic()
    try:
        module = load(candidate, root, enabled)
    except LOAD_ERRORS as error:
        return [_broken(candidate, error, root)]
    return list(module_problems(candidate.name, module, root)) or FoundPlugin(
        name=candidate.name,
        kind=candidate.kind,
        source=candidate.source,
        version=candidate.version,
        root=root,
        module=module,
        config_model=getattr(module, "Config", None),
        import_seconds=time.monotonic() - started,
    )


def _broken(candidate: Candidate, error: BaseException, root: Path) -> Problem:
    package = top_package(candidate, root)
    place = place_of(error, package)
    source = shown(place[0], root, place[1]) if place else candidate.source
    what = f"cannot be imported: {told(error)}"
    return problem(candidate.name, what, source, _remedy(error, root))


def _remedy(error: BaseException, root: Path) -> str:
    """Return what to do about *error*, where that is plain."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package, _, sibling = error.name.partition(".")
    if not package.startswith(PACKAGE_PREFIX):
        return f"install the package that brings {package}"
    if any((root / FOLDER).glob(f"{sibling}*")):
        return f"{sibling} is not enabled; a file that plugins share is named _{sibling}.py"
    return f"there is no {FOLDER}/{sibling}.py"
