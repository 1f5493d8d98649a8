"""What the page asks the runtime: shared by all who look, bounded whatever the database does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sst.web.probing.single_flight import SingleFlight
from sst.web.probing.standing import DEADLINE_SECONDS, FRESH_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sst.fleet.inventory.inventory import Inventory
    from sst.health.report import HealthReport
    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.migrator import Migrator
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime
    from sst.web.probing.probes import Probes

T = TypeVar("T")

MOST_RUNS = 100


@dataclass(frozen=True, slots=True)
class Runs:
    """The last runs on record, newest first, or why they are not known."""

    newest: tuple[RunRecord, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan with what an earlier rehearsal of it has seen, or why it is not known."""

    report: Report | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was read for one page."""

    report: Report
    """Where the database stands: what `status` reports."""
    runs: Runs
    plan: Plan
    health: HealthReport | None
    """What `/health` tells; None when it was late."""
    fleet: Inventory | None = None
    """All databases that are listed, as they were last looked at; None where they are not."""


class Looks:
    """The questions of the page to *runtime*; what others ask too is asked of *probes*."""

    def __init__(self, runtime: Runtime, probes: Probes) -> None:
        self._runtime = runtime
        self._probes = probes
        self._runs = self._shared(_runs, lambda why: Runs(why_not=why))
        self._plan = self._shared(_plan, lambda why: Plan(why_not=why))

    async def seen(self) -> Seen:
        """Return all of it; whatever the database does, it takes no longer than the deadline."""
        report, runs, plan, health, fleet = await asyncio.gather(
            self._probes.standing.answer(),
            self._runs.answer(),
            self._plan.answer(),
            _in_time(self._probes.health.answer()),
            self._fleet(),
        )
        return Seen(report, runs, plan, health, fleet)

    async def _fleet(self) -> Inventory | None:
        fleet = self._probes.fleet
        return await fleet.inventory.answer() if fleet else None

    def _shared(
        self, ask: Callable[[Migrator], T], unanswered: Callable[[str], T]
    ) -> SingleFlight[T]:
        def look() -> T:
            with self._probes.preparing:
                migrator = self._runtime.migrator
            return ask(migrator)

        return SingleFlight(
            look,
            unanswered=unanswered,
            deadline_seconds=DEADLINE_SECONDS,
            fresh_seconds=FRESH_SECONDS,
        )


async def _in_time(answer: Awaitable[T]) -> T | None:
    """Return *answer*; None when it is late: checks of plugins may take longer than a look."""
    try:
        return await asyncio.wait_for(answer, DEADLINE_SECONDS)
    except TimeoutError:
        return None


def _runs(migrator: Migrator) -> Runs:
    return Runs(migrator.runs(MOST_RUNS).runs or ())


def _plan(migrator: Migrator) -> Plan:
    return Plan(migrator.kept_plan())
