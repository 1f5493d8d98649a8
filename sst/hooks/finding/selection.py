"""Say what is to be imported for each listed name, or why nothing can be; imports nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.hooks.finding.hook_functions import nearest
from sst.hooks.finding.pins import pin_fault
from sst.hooks.finding.sources import ENTRY_POINT_GROUP, FOLDER, Candidate, Kind, is_plugin_name
from sst.hooks.finding.validation import problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sst.config.declared.plugin_policy import PluginPolicy
    from sst.errors import Problem

    Candidates = Mapping[str, Sequence[Candidate]]

LIST = "plugins.enabled"


@dataclass(frozen=True, slots=True)
class Picked:
    """The plugin behind one name of the list."""

    name: str
    """The instance's own name."""
    candidate: Candidate
    policy: PluginPolicy

    @property
    def use(self) -> str:
        """The plugin that it is an instance of; nothing when that is its own name."""
        return self.candidate.name if self.candidate.name != self.name else ""


def pick(name: str, policy: PluginPolicy, candidates: Candidates) -> Picked | list[Problem]:
    """Return the one thing to import for *name*, or why there is not exactly one."""
    if not is_plugin_name(name):
        hint = "letters, digits, _ and -; the first is a letter; not `enabled`"
        return [problem(name, "is no name for a plugin", LIST, hint)]
    target = policy.use or name
    found = candidates.get(target, ())
    if not found:
        return [_missing(name, target, candidates)]
    if target != name and name in candidates:
        other = candidates[name][0].source
        what = f"uses {target}, and {other} has its name"
        return [problem(name, what, f"plugins.{name}.use", "give the instance another name")]
    if len(found) > 1:
        return [_ambiguous(name, found, policy)]
    return _unfit(name, found[0], policy) or Picked(name, found[0], policy)


def pins_broken(name: str, policy: PluginPolicy, candidates: Candidates) -> bool:
    """Say whether *name* is pinned to a distribution that it would not come from."""
    found = candidates.get(policy.use or name, ())
    return bool(policy.requires and (len(found) > 1 or _unpinned(name, found, policy)))


def _missing(name: str, target: str, candidates: Candidates) -> Problem:
    what = f"not found: no {FOLDER}/{target}.py, no {FOLDER}/{target}/__init__.py, none built in"
    what += f", no installed package with an entry point {target} in {ENTRY_POINT_GROUP}"
    meant = nearest(target, candidates)
    hint = f"did you mean {meant}?" if meant else f"add it, or take it out of {LIST}"
    return problem(name, what, LIST if target == name else f"plugins.{name}.use", hint)


def _ambiguous(name: str, found: Sequence[Candidate], policy: PluginPolicy) -> Problem:
    places = " and ".join(f"{each.source} ({each.kind})" for each in found)
    pinned = f"; {policy.requires} is pinned" if policy.requires else ""
    what = f"is found twice: {places}{pinned}"
    is_built_in = any(each.kind is Kind.BUILT_IN for each in found)
    hint = "give yours another name" if is_built_in else "rename or remove one of them"
    return problem(name, what, LIST, hint)


def _unfit(name: str, candidate: Candidate, policy: PluginPolicy) -> list[Problem]:
    return _unpinned(name, [candidate], policy) or _not_a_module(name, candidate)


def _unpinned(name: str, found: Sequence[Candidate], policy: PluginPolicy) -> list[Problem]:
    if not policy.requires:
        return []
    faults = (pin_fault(candidate, policy.requires) for candidate in found)
    hint = f"install what is pinned, or change plugins.{name}.requires"
    source = f"plugins.{name}.requires"
    return [problem(name, fault, source, hint) for fault in faults if fault]


def _not_a_module(name: str, candidate: Candidate) -> list[Problem]:
    module, separator, _ = candidate.module.partition(":")
    what = f"its entry point {candidate.module} names an object, not a module"
    hint = f'write {candidate.name} = "{module}"'
    return [problem(name, what, candidate.source, hint)] if separator else []
