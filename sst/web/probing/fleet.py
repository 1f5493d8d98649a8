"""The watch over all databases that are listed, for the state page and the metrics."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from sst.fleet.inventory.inventory import Inventory
from sst.fleet.inventory.watch import Watch
from sst.settings.resolving import resolve_url
from sst.targets.read import read_targets
from sst.web.probing.single_flight import SingleFlight

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from sst.config.sources.target import Target
    from sst.migrator.standing.brief import BriefLook, BriefLooks
    from sst.runtime import Runtime

_LOOK_SECONDS = 10.0
"""For what a look asks, beside the time to connect."""
_FRESH_SECONDS = 1.0
_DEADLINE_SECONDS = 2.0


class Fleet:
    """All databases of *runtime*; *preparing* is held while the runtime makes its parts."""

    def __init__(self, runtime: Runtime, preparing: threading.RLock) -> None:
        self._runtime = runtime
        self._preparing = preparing
        settings = runtime.settings.migrate.targets
        self.watch = Watch(
            self._targets,
            self._look_at,
            self._heads,
            every_seconds=settings.watch_every,
            at_once=settings.watch_at_once,
            look_seconds=runtime.settings.db_connect_timeout + _LOOK_SECONDS,
        )
        self.inventory: SingleFlight[Inventory] = SingleFlight(
            self.watch.inventory,
            unanswered=lambda why: Inventory(list_error=runtime.redact(why)),
            deadline_seconds=_DEADLINE_SECONDS,
            fresh_seconds=_FRESH_SECONDS,
        )

    def _targets(self) -> Sequence[Target]:
        _ = self._looks
        return read_targets(self._runtime)

    def _look_at(self, target: Target) -> BriefLook:
        setting, value = f"target {target.name}", SecretStr(target.url)
        url, _ = resolve_url(setting, value, self._runtime.plugins, self._runtime.project_root)
        return self._looks.at(url.with_schema(target.schema))

    def _heads(self) -> Sequence[str]:
        with self._preparing:
            return self._runtime.project.heads

    @cached_property
    def _looks(self) -> BriefLooks:
        with self._preparing:
            return self._runtime.migrator.brief_looks()
