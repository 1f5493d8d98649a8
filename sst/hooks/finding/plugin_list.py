"""List plugins, enabled or not, from names and metadata; nothing is imported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sst.config.binding.policy import Choice
from sst.config.declared.names import did_you_mean, fold
from sst.errors import UsageError
from sst.hooks.finding.sources import Candidate, declared_hooks, find_candidates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sst.hooks.finding.discovery import FoundPlugin


_BACKUP = "backup"
_GATE = "pre_migrate"


class PluginState(StrEnum):
    """The state of a plugin by the settings."""

    ENABLED = "enabled"
    """Listed in the settings and found; only an import could say whether it is broken."""
    SWITCHED_OFF = "switched_off"
    """Listed, and its own `enabled` is off: never imported."""
    LEFT_OUT = "left_out"
    """Listed, and left out by --no-plugin: not imported this time."""
    NOT_ENABLED = "not_enabled"
    """Found, and never imported."""
    MISSING = "missing"
    """Listed in the settings and not found."""
    AMBIGUOUS = "ambiguous"
    """Found twice under one name."""


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One line of `plugins list`."""

    name: str
    kind: str
    """`local`, `built_in`, `package`, or nothing for a missing one."""
    version: str
    source: str
    state: PluginState
    hooks: tuple[str, ...]
    """The hooks that it implements; of a plugin that is not imported, those its text declares."""
    use: str = ""
    """The plugin that it is an instance of, where that is another name."""

    @classmethod
    def of(cls, plugin: FoundPlugin) -> PluginEntry:
        """Return the entry of a plugin that was imported."""
        return cls(
            name=plugin.name,
            kind=plugin.kind.value,
            version=plugin.version,
            source=plugin.source,
            state=PluginState.ENABLED,
            hooks=plugin.hooks,
            use=plugin.use,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON-ready values."""
        return {
            "name": self.name,
            "kind": self.kind or None,
            "version": self.version or None,
            "source": self.source or None,
            "state": self.state.value,
            "hooks": list(self.hooks),
            "use": self.use or None,
        }


def list_all(
    root: Path, enabled: Sequence[str], choice: Choice | None = None
) -> tuple[PluginEntry, ...]:
    """Return the plugins *enabled* in their order, then all others by name.

    *choice* says what the settings decide about each of them.
    """
    candidates = find_candidates(root)
    others = sorted(set(candidates) - set(enabled))
    listed = [_listed(name, candidates, choice or Choice()) for name in dict.fromkeys(enabled)]
    return (
        *listed,
        *(_entry(each, PluginState.NOT_ENABLED) for name in others for each in candidates[name]),
    )


def enabled_with(
    names: Sequence[str], name: str, hooks: Sequence[str], choice: Choice | None = None
) -> tuple[str, ...]:
    """Return the list *names* with the plugin *name* in the place that is advised for its *hooks*.

    That is the end; a gate goes before the backup: a refusal should not cost a dump.
    A name that is in the list stays where it is.
    """
    if name in names:
        return tuple(names)
    makers = [each for each in names if _target(each, choice or Choice()) == _BACKUP]
    if not makers or name == _BACKUP or _GATE not in hooks:
        return (*names, name)
    place = names.index(makers[0])
    return (*names[:place], name, *names[place:])


def unknown_names(root: Path, enabled: Sequence[str], names: Sequence[str]) -> UsageError | None:
    """Return why one of *names*, given to --no-plugin, cannot be left out; None when all can."""
    known = {*enabled, *(find_candidates(root) if names else ())}
    folded = set(map(fold, known))
    for name in names:
        if fold(name) not in folded:
            return UsageError(
                what=f"There is no plugin {name!r} to leave out.",
                why=f"enabled are: {', '.join(enabled) or 'none'}",
                next_step=did_you_mean(name, known) or "`python migrate.py plugins list` has all",
            )
    return None


def _listed(
    name: str, candidates: Mapping[str, Sequence[Candidate]], choice: Choice
) -> PluginEntry:
    policy, target = choice.policies.get(name), _target(name, choice)
    found = _enabled(name, candidates.get(target, ()))
    found = replace(found, name=name, use=target if target != name else "")
    if policy is None or name in choice.active:
        return found
    is_left_out = choice.is_left_out(name)
    return replace(found, state=PluginState.LEFT_OUT if is_left_out else PluginState.SWITCHED_OFF)


def _target(name: str, choice: Choice) -> str:
    """Return the plugin whose code *name* is: its own, or that of which it is an instance."""
    policy = choice.policies.get(name)
    return (policy.use if policy else None) or name


def _enabled(name: str, found: Sequence[Candidate]) -> PluginEntry:
    if not found:
        return PluginEntry(name, "", "", "", PluginState.MISSING, ())
    if len(found) > 1:
        places = " and ".join(each.source for each in found)
        return PluginEntry(name, "", "", places, PluginState.AMBIGUOUS, ())
    return _entry(found[0], PluginState.ENABLED)


def _entry(candidate: Candidate, state: PluginState) -> PluginEntry:
    return PluginEntry(
        name=candidate.name,
        kind=candidate.kind.value,
        version=candidate.version,
        source=candidate.source,
        state=state,
        hooks=declared_hooks(candidate),
    )
