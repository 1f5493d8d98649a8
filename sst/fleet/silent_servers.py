"""Servers from which no connection came: one database waits for such a server, others do not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sst.errors import DatabaseUnreachableError
from sst.fleet.wave import server_of

if TYPE_CHECKING:
    from sst.config.sources.target import Target
    from sst.fleet.wave import Server

_LONG_SECONDS = 1.0
"""For a connection that does not come: a server that is there refuses it sooner."""
_SPARED_SECONDS = 60.0
"""The longest that nobody waits for such a server again."""


class SilentServers:
    """What was found out of servers by looks at databases on them."""

    def __init__(self) -> None:
        self._found: dict[Server, tuple[float, str]] = {}
        """Until when each is spared, and why."""

    def require_answers(self, target: Target) -> None:
        """Raise `DatabaseUnreachableError` where the server of *target* let another one wait."""
        until, why = self._found.get(server_of(target), (0.0, ""))
        if time.monotonic() < until:
            raise DatabaseUnreachableError(
                what="Not asked, because no connection came from its server just now.",
                why=why,
                next_step="check the server, then run the command again",
            )

    def note(self, target: Target, error: Exception | None) -> None:
        """Take down that *target* ended with *error*."""
        if isinstance(error, DatabaseUnreachableError) and error.waited_seconds >= _LONG_SECONDS:
            until = time.monotonic() + _SPARED_SECONDS
            self._found[server_of(target)] = until, f"{target.name}: {error.why}"

    def forget(self) -> None:
        """Let each be asked anew."""
        self._found.clear()
