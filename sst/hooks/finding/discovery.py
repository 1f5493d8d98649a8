"""Import the plugins that the settings list, in that order, and collect what is wrong."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from sst.config.binding.validation_errors import masked
from sst.config.declared.plugin_policy import PluginPolicy
from sst.hooks.calling.calls import guarded
from sst.hooks.contract.error_location import describe_error, location_of, shown
from sst.hooks.contract.specs import MODES
from sst.hooks.finding.hook_functions import hook_names
from sst.hooks.finding.loading import LOAD_ERRORS, load, top_package
from sst.hooks.finding.one_module import PACKAGE_PREFIX
from sst.hooks.finding.selection import LIST, Picked, pick, pins_broken
from sst.hooks.finding.sources import Kind, find_candidates, plugin_folder
from sst.hooks.finding.validation import (
    MAY_WARN,
    holder_of,
    is_settings_alone,
    module_problems,
    problem,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from pydantic import BaseModel

    from sst.config import Sources
    from sst.errors import Problem
    from sst.hooks.finding.sources import Candidate

_PLAIN = PluginPolicy()


@dataclass(frozen=True)
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
    """The model of its section of the settings."""
    use: str = ""
    """The plugin that it is an instance of, where the settings say so."""
    import_seconds: float = 0.0
    """Seconds that its import took, with all that it imported first."""

    @classmethod
    def of(cls, candidate: Candidate, module: ModuleType, root: Path) -> FoundPlugin:
        """Return *module*, imported for *candidate* of the project at *root*, under its name."""
        return cls(
            name=candidate.name,
            kind=candidate.kind,
            source=candidate.source,
            version=candidate.version,
            root=root,
            module=module,
            config_model=getattr(module, "Config", None),
        )

    @cached_property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that it implements, in the order of the reference."""
        implemented = hook_names(holder_of(self.module))
        return tuple(hook for hook in MODES if hook in implemented)

    @property
    def package(self) -> str:
        """The package that holds its code."""
        return self.module.__name__.partition(".")[0]

    @property
    def may_warn(self) -> frozenset[str]:
        """The gates that may break without stopping a run, by the plugin's own word."""
        return frozenset(getattr(self.module, MAY_WARN, ()))

    def implements(self, hook: str) -> bool:
        """Say whether it has a function for *hook*; nothing is instantiated."""
        return hook in self.hooks


@dataclass(frozen=True, slots=True)
class Discovery:
    """The plugins that were found, in the order of the settings, and what was wrong."""

    found: tuple[FoundPlugin, ...]
    problems: tuple[Problem, ...]
    known: tuple[str, ...]
    """The names of all plugins that could be enabled."""


def discover_enabled(sources: Sources) -> Discovery:
    """Import the plugins that *sources* enable; no problem quotes a secret that they hold."""
    choice = sources.choice
    found = discover(sources.root, choice.active, choice.policies)
    problems = tuple(masked(problem, sources.secrets) for problem in found.problems)
    return replace(found, problems=problems)


def discover(
    root: Path, names: Sequence[str], policies: Mapping[str, PluginPolicy] | None = None
) -> Discovery:
    """Import the plugins *names* of the project at *root*; nothing else is imported.

    A name is `plugins/NAME.py` or `plugins/NAME/__init__.py`, else a built-in plugin, else an
    entry point of an installed distribution; with `use` in *policies* it is one more instance of
    another plugin.
    A bad plugin never raises: it is a problem, and the next one is tried. When one of them would
    not come from the distribution that its policy pins, none is imported.
    """
    candidates = find_candidates(root)
    wanted = {name: (policies or {}).get(name, _PLAIN) for name in names}
    picked = {name: pick(name, policy, candidates) for name, policy in wanted.items()}
    outcomes: list[FoundPlugin | list[Problem]] = [
        each for each in picked.values() if isinstance(each, list)
    ]
    if not any(pins_broken(name, policy, candidates) for name, policy in wanted.items()):
        outcomes = _outcomes(picked, root)
    return Discovery(
        found=tuple(each for each in outcomes if isinstance(each, FoundPlugin)),
        problems=(
            *(_listed_twice(name) for name, count in Counter(names).items() if count > 1),
            *(fault for each in outcomes if isinstance(each, list) for fault in each),
        ),
        known=tuple(candidates),
    )


def _listed_twice(name: str) -> Problem:
    return problem(name, "is listed twice", LIST, "a name has one place in the order")


def _outcomes(
    picked: Mapping[str, Picked | list[Problem]], root: Path
) -> list[FoundPlugin | list[Problem]]:
    allowed = {each.candidate.name for each in picked.values() if isinstance(each, Picked)}
    taken: dict[ModuleType, str] = {}
    found: list[FoundPlugin | list[Problem]] = []
    for each in picked.values():
        outcome = each if isinstance(each, list) else _import(each, root, allowed)
        if isinstance(outcome, FoundPlugin):
            first = taken.setdefault(outcome.module, outcome.name)
            outcome = _twin(outcome, first) or outcome
        found.append(outcome)
    return found


def _twin(plugin: FoundPlugin, first: str) -> list[Problem]:
    """Return why *plugin* cannot be one more instance: its module has nothing to make two of."""
    has_two = isinstance(holder_of(plugin.module), type) or is_settings_alone(plugin.module)
    if plugin.name == first or has_two:
        return []
    what = f"is the same module as {first}: without a class Plugin there is only one of it"
    return [problem(plugin.name, what, plugin.source, "give it a class Plugin")]


def _import(picked: Picked, root: Path, allowed: Collection[str]) -> FoundPlugin | list[Problem]:
    name, candidate, started = picked.name, picked.candidate, time.monotonic()
    try:
        with guarded(name, "import"):
            module = load(candidate, root, allowed)
    except LOAD_ERRORS as error:
        return [_broken(name, candidate, error, root)]
    seconds = time.monotonic() - started
    plugin = FoundPlugin.of(candidate, module, root)
    found = replace(plugin, name=name, use=picked.use, import_seconds=seconds)
    faults = [*module_problems(name, module, root), *_warn_faults(found, picked.policy)]
    return faults or found


def _warn_faults(plugin: FoundPlugin, policy: PluginPolicy) -> list[Problem]:
    """Return why the plugin's gates may not only warn, when *policy* says that they do."""
    if policy.on_error == "abort" or getattr(plugin.module, MAY_WARN, None):
        return []
    what = 'on_error is "warn", which the plugin does not allow'
    hint = f'leave it at "abort"; a plugin allows it with {MAY_WARN} = ("post_migrate",)'
    return [problem(plugin.name, what, f"plugins.{plugin.name}.on_error", hint)]


def _broken(name: str, candidate: Candidate, error: BaseException, root: Path) -> Problem:
    package = top_package(candidate, root)
    place = location_of(error, package)
    source = shown(place[0], root, place[1]) if place else candidate.source
    what = f"cannot be imported: {describe_error(error)}"
    return problem(name, what, source, _remedy(error, candidate, root))


def _remedy(error: BaseException, candidate: Candidate, root: Path) -> str:
    """Return what to do about *error*, where that is plain."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package, _, sibling = error.name.partition(".")
    if not package.startswith(PACKAGE_PREFIX):
        return f"install the package that brings {package}"
    folder = plugin_folder(candidate, root)
    if any(folder.glob(f"{sibling}*")):
        return f"{sibling} is not enabled; a file that plugins share is named _{sibling}.py"
    return f"there is no {shown(folder, root)}/{sibling}.py"
