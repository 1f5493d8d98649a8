"""A plugin's call of one hook, as a span."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sst.hooks.contract.modes import MODES
from sst.tracing.spans import span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sst.redaction.plugin_output import Quota


@contextmanager
def traced(plugin: str, hook: str, kept: AbstractContextManager[Quota]) -> Iterator[Quota]:
    """Enter *kept* within a span of the call."""
    attributes = {
        "sst.plugin.name": plugin or None,
        "sst.hook.name": hook,
        "sst.hook.mode": str(MODES[hook]) if hook in MODES else None,
    }
    with span(f"{hook} {plugin}".strip(), attributes), kept as quota:
        yield quota
