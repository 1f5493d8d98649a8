"""The decorators of the plugin contract; the project name `sst` is permanent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from sst.kept.doubts import doubt

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT_NAME = "sst"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)

Function = TypeVar("Function", bound="Callable[..., Any]")

_MARK = "sst_cacheable"
# What they collect comes of the plugin's code and its settings.
_COLLECTED = frozenset(
    {"register_checks", "register_commands", "register_migrations", "register_routers"}
)


def cacheable(function: Function) -> Function:
    """Mark a hook whose outcome comes of nothing but its code, its arguments, settings and files.

    What it prints is then printed again, without a call, by a command that finds nothing changed:
    an event `nothing to do` that is only logged. A hook that starts a program, connects to
    anywhere or writes a file is called each time, marked or not.

    ```python
    @cacheable
    @hookimpl
    def notify(self, event: Event) -> None:
        logger.info("%s", event.message)
    ```
    """
    setattr(function, _MARK, True)
    return function


def doubt_hook(plugin: str, hook: str, function: Callable[..., Any]) -> None:
    """Doubt that *function* does the same the next time, unless it is known."""
    if hook not in _COLLECTED and not getattr(function, _MARK, False):
        doubt(f"the plugin {plugin} is asked in {hook}")
