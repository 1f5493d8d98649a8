"""Tell who asks for a deprecated argument: its author by a warning, operators by a log line.

pluggy finds them, when a plugin is registered; it does not know the plugin's name.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sst.hooks.contract.error_location import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger("sst.plugins")


class DeprecatedArgumentWarning(DeprecationWarning):
    """A plugin's function asks for an argument that its hook will cease to offer."""

    def __init__(self, hook: str, argument: str, advice: str, plugin: str = "") -> None:
        who = f"plugin {plugin}: " if plugin else ""
        super().__init__(f"{who}{hook} asks for {argument}, which is deprecated: {advice}")
        self.hook = hook
        self.argument = argument
        self.advice = advice

    def of(self, plugin: str) -> DeprecatedArgumentWarning:
        """Return the same with the name of the *plugin*."""
        return DeprecatedArgumentWarning(self.hook, self.argument, self.advice, plugin)


@contextmanager
def deprecations_of(plugin: str, root: Path) -> Iterator[None]:
    """Tell of every deprecated argument that *plugin* of the project at *root* asks for."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for each in caught:
        if isinstance(each.message, DeprecatedArgumentWarning):
            told = each.message.of(plugin)
            place = shown(each.filename, root, each.lineno)
            extra = {"plugin": plugin, "hook": told.hook}
            logger.warning("%s [%s]", told, place, extra=extra)
            warnings.warn_explicit(told, None, each.filename, each.lineno)
        else:
            warnings.warn_explicit(str(each.message), each.category, each.filename, each.lineno)
