"""List plugins, enabled or not, from names and metadata; nothing is imported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.hooks.sources import Candidate, declared_hooks, find_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.hooks.discovery import FoundPlugin


class PluginState(StrEnum):
    """What the settings make of a plugin."""

    ACTIVE = "active"
    """Imported, with its settings; its hooks are called."""
    ENABLED = "enabled"
    """Listed in the settings and found."""
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
    """`local`, `package`, or nothing for a missing one."""
    version: str
    source: str
    state: PluginState
    hooks: tuple[str, ...]
    """The hooks that it implements; of a plugin that is not imported, those its text declares."""

    @classmethod
    def of(cls, plugin: FoundPlugin) -> PluginEntry:
        """Return the entry of a plugin that was imported."""
        return cls(
            name=plugin.name,
            kind=plugin.kind.value,
            version=plugin.version,
            source=plugin.source,
            state=PluginState.ACTIVE,
            hooks=plugin.hooks,
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
        }


def list_all(root: Path, enabled: Sequence[str]) -> tuple[PluginEntry, ...]:
    """Return the plugins *enabled* in their order, then all others by name."""
    candidates = find_candidates(root)
    others = sorted(set(candidates) - set(enabled))
    listed = [_enabled(name, candidates.get(name, ())) for name in dict.fromkeys(enabled)]
    return (
        *listed,
        *(_entry(each, PluginState.NOT_ENABLED) for name in others for each in candidates[name]),
    )


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
