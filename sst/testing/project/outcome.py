"""How a command ended: exit code, output, the hooks that were called and the events."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HookCall:
    """One call of one plugin's function for one hook."""

    hook: str
    plugin: str
    outcome: str
    """`returned`, `vetoed`, `raised`, or `unfinished`: it had not ended when the command had."""
    revision: str | None = field(default=None, compare=False)
    """The revision it was about, for the hooks that are about one."""
    error: str = field(default="", compare=False)
    """Type and first line of what it raised."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, what it printed, and what it did around the migration."""

    exit_code: int
    stdout: str
    stderr: str
    calls: tuple[HookCall, ...] = ()
    """Every call of a plugin, in the order in which they began."""
    events: tuple[dict[str, Any], ...] = ()
    """Every `Event` as its `to_dict()`, in order, whether a plugin listens or not."""
    leaks: tuple[str, ...] = ()
    """Traces of plugins: variables and the working folder by the call that changed them,
    although the platform puts them back, and threads that still run when the command has ended.
    """

    @property
    def output(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; fails when there is more or less."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    def called(self, hook: str) -> tuple[str, ...]:
        """Return the plugins that were called for *hook*, in order."""
        return tuple(call.plugin for call in self.calls if call.hook == hook)

    def hooks_of(self, plugin: str) -> tuple[str, ...]:
        """Return the hooks for which *plugin* was called, in order."""
        return tuple(call.hook for call in self.calls if call.plugin == plugin)
