"""The request of a run, and how far it has come."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sst.hooks.contract.revisions import Direction
from sst.migrator.values.report import Report, RevisionState

if TYPE_CHECKING:
    from sst.bridge import Step
    from sst.errors import SstError
    from sst.health.report import NamedResult
    from sst.hooks.contract.commands import Restored
    from sst.hooks.contract.run import Backup, Run
    from sst.migrator.table_locks.blockers import Blocker
    from sst.migrator.values.options import RunOptions
    from sst.migrator.values.shown import Shown


def new_run_id() -> str:
    """Return an id that sorts by time and can be read aloud: `20261122T143000Z-3f9a1c`."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class Request:
    """The operator's request."""

    direction: Direction
    target: str
    options: RunOptions
    shown: Shown | None = None
    """Where the database was when the operator was asked; None when nobody was."""
    plan_hash: str | None = None
    """The hash of the only plan that may run; None where any may."""


@dataclass
class Attempts:
    """How often the current revision was tried, and what its last attempt left."""

    count: int = 0
    blockers: tuple[Blocker, ...] = ()
    """The blockers of the last attempt that failed."""
    committed: tuple[str, ...] = ()
    """Statements that a failed attempt committed all the same, outside its transaction."""
    running: str | None = None
    """The statement that was under way when the last attempt ended, as it was sent."""
    seconds: float = 0.0
    """From the first attempt to the end of the last one."""
    started: float = field(default_factory=time.monotonic)
    next_at: float | None = None
    """When the next one begins, as `time.monotonic` has it; None while one is at work."""
    waits_for: tuple[Blocker, ...] = ()
    """The sessions that are in the way right now."""
    build: str = ""
    """How far the server is with an index, in words."""
    told: int = 0
    """How often the log has said that it still runs."""


@dataclass
class Progress:
    """How far a run has come; the one thing in this room that changes."""

    request: Request
    run_id: str = field(default_factory=new_run_id)
    phase: str = "connect"
    """`connect`, `plan`, `lint`, `revision`, `check`, or the hook that is asked: `review_plan`,
    `pre_migrate`, `around_migrate`, `pre_revision`, `in_revision` or `post_migrate`."""
    asked: str = ""
    """The plugin whose gate was asked last."""
    asked_at: float = 0.0
    """When, as `time.monotonic` has it."""
    run: Run | None = None
    before: tuple[str, ...] = ()
    plan: tuple[Step, ...] = ()
    committed: list[RevisionState] = field(default_factory=list)
    current_step: Step | None = None
    attempts: Attempts = field(default_factory=Attempts)
    """Those of the current step."""
    warnings: list[str] = field(default_factory=list)
    backup: Backup | None = None
    restored: Restored | None = None
    """How the backup was restored after the run had failed."""
    not_restored: str = ""
    """Why that failed too."""
    entered: list[str] = field(default_factory=list)
    """Plugins whose `pre_migrate` was entered, in order."""
    checks: tuple[NamedResult, ...] = ()
    has_all_models: bool = False
    """Whether a database that was never migrated has all that the models describe."""
    recorded: bool = False
    """Whether the ledger has a row of this run."""
    started: float = field(default_factory=time.monotonic)

    @property
    def committed_ids(self) -> tuple[str, ...]:
        """The revisions of this run that are committed."""
        return tuple(revision.revision for revision in self.committed)

    @property
    def after(self) -> tuple[str, ...]:
        """The database's heads now."""
        if self.restored:
            return self.restored.heads
        return self.plan[len(self.committed) - 1].after if self.committed else self.before

    @property
    def seconds(self) -> float:
        """How long the run has lasted."""
        return time.monotonic() - self.started

    def commit(self, step: Step, seconds: float) -> None:
        """Note that *step* is committed and took *seconds*."""
        is_upgrade = self.request.direction is Direction.UPGRADE
        state = RevisionState(
            revision=step.revision.id,
            down_revision=step.revision.down_revisions,
            description=step.revision.description,
            state="applied" if is_upgrade else "pending",
            applied_at=datetime.now(UTC) if is_upgrade else None,
            duration_ms=int(seconds * 1000),
        )
        self.committed.append(state)
        self.current_step = None

    def report(self, heads: tuple[str, ...], error: SstError | None) -> Report:
        """Return what was done; *heads* are the code's."""
        applied = () if self.restored else tuple(self.committed)
        return Report(
            state=self._state(heads),
            before=self.before,
            after=self.after,
            heads=heads,
            pending=tuple(self._left(step) for step in self.plan[len(applied) :]),
            applied=applied,
            run_id=self.run_id if self.recorded else None,
            backup=self.backup,
            restored=self.restored,
            checks=self.checks,
            warnings=tuple(self.warnings),
            seconds=self.seconds,
            error=error,
        )

    def _left(self, step: Step) -> RevisionState:
        return RevisionState(
            revision=step.revision.id,
            down_revision=step.revision.down_revisions,
            description=step.revision.description,
            state="failed" if step is self.current_step else "pending",
        )

    def _state(self, heads: tuple[str, ...]) -> str | None:
        if self.phase == "connect":
            return None
        if set(self.after) == set(heads):
            return "up_to_date"
        return "pending" if self.after else "empty"
