"""The values on the page: what was read of the database, and what is known without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sst.hooks.contract.checks import CheckStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.config.show.views import Shown
    from sst.hooks.manager import PluginEntry
    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.standing.headline import Headline
    from sst.migrator.standing.running import Running
    from sst.migrator.values.context import Version
    from sst.migrator.values.report import RevisionState
    from sst.runtime import Runtime
    from sst.web.state_page.looks import Seen

FEW_RUNS = 20
"""As many are shown unless all are asked for."""
_LEVELS = {
    "succeeded": "pass",
    "running": "work",
    "refused": "warn",
    "failed": "fail",
    "unhealthy": "fail",
    "interrupted": "fail",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upgrade has come."""

    applied: int
    all: int


@dataclass(frozen=True, slots=True)
class Page:
    """All that is shown."""

    seen: Seen
    at: datetime
    """When it was read; by the server's clock where it has answered."""
    database: str
    """The URL without a password; empty while it is not known."""
    environment: str
    is_protected: bool
    version: Version
    plugins: tuple[PluginEntry, ...]
    settings: Shown
    has_all_runs: bool
    fleet_at: datetime
    """When what is shown of all databases was put together; by the clock of this machine."""

    @property
    def headline(self) -> Headline:
        """What matters first; of a database that was not read, why."""
        from sst.migrator.standing.headline import Headline

        standing, error = self.seen.report.standing, self.seen.report.error
        if standing and standing.headline:
            return standing.headline
        if error is None:
            return Headline(CheckStatus.FAIL, "The database was not read.", "look again")
        return Headline(CheckStatus.FAIL, error.what, error.next_step)

    @property
    def running(self) -> Running | None:
        """What is at work."""
        standing = self.seen.report.standing
        return standing.running if standing else None

    @property
    def progress(self) -> Progress | None:
        """How far what is at work has come; None for what does not lead forward."""
        running = self.running
        if running is None or running.run is None or running.run.command != "upgrade":
            return None
        applied = sum(step.outcome == "applied" for step in running.run.steps)
        return Progress(applied, applied + len(self.seen.report.pending))

    @property
    def pending(self) -> tuple[RevisionState, ...]:
        """The revisions that an upgrade would apply."""
        return self.seen.report.pending

    @property
    def rehearsal(self) -> Rehearsal | None:
        """What an earlier rehearsal has seen of them; None where none is kept."""
        plan = self.seen.plan.report
        found = plan.rehearsal if plan else None
        return found if found and found.statements else None

    @property
    def runs(self) -> Sequence[RunRecord]:
        """The runs that are shown, newest first."""
        newest = self.seen.runs.newest
        return newest if self.has_all_runs else newest[:FEW_RUNS]


def page_of(runtime: Runtime, seen: Seen, *, has_all_runs: bool) -> Page:
    """Return the page on what was *seen*, and what *runtime* knows by itself."""
    from sst.config.show.views import show

    url, standing = runtime.resolved_url, seen.report.standing
    return Page(
        seen=seen,
        at=standing.at if standing else datetime.now(UTC),
        database=url.safe if url else "",
        environment=runtime.environment,
        is_protected=runtime.settings.protected,
        version=runtime.version,
        plugins=runtime.plugins.entries,
        settings=show(runtime.configuration),
        has_all_runs=has_all_runs,
        fleet_at=datetime.now(UTC),
    )


def level_of(outcome: str) -> str:
    """Return how grave the *outcome* of a run or a step is: `pass`, `warn`, `fail` or `work`."""
    return _LEVELS.get(outcome, "pass")
