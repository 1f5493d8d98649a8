"""The result of a command as values; how it is shown is the command line's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sst.errors import SstError
    from sst.health.report import NamedResult
    from sst.hooks.contract.commands import Restored
    from sst.hooks.contract.run import Backup
    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.lint.outcome import Lint
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.standing.standing import Standing
    from sst.migrator.values.verdict import Verdict

CORE = "core"
"""Stands for the core itself where checks and warnings name their plugin."""


@dataclass(frozen=True, slots=True)
class RevisionState:
    """One revision and where it stands."""

    revision: str
    down_revision: tuple[str, ...]
    description: str
    state: str
    """`applied`, `pending`, `missing` or `failed`."""
    applied_at: datetime | None = None
    duration_ms: int | None = None
    sql: str | None = None
    """Its statements, for `plan --sql`."""
    note: str | None = None
    """Why there is no SQL to show, or what to know about it."""
    error: str | None = None
    """Why it failed, in one line, where it is `failed`."""


@dataclass(frozen=True, slots=True)
class Objection:
    """A plugin that would refuse a run, and why."""

    plugin: str
    why: str
    hint: str
    """What to do about it; empty when the plugin does not say."""
    code: str
    """The `error.code` of the run that it refuses."""


@dataclass(frozen=True, slots=True)
class RepairAction:
    """One finding of `repair`, and what became of it."""

    code: str
    subject: str
    what: str
    remedy: str
    outcome: str = "found"
    """`found`, `mended`, `declined` or `failed`."""
    note: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one command; a failed one carries its error beside what was done."""

    state: str | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    pending: tuple[RevisionState, ...] = ()
    applied: tuple[RevisionState, ...] = ()
    revisions: tuple[RevisionState, ...] = ()
    """The history, newest first, for `history`; the plan in order, for `plan`."""
    vetoes: tuple[Objection, ...] = ()
    """The plugins that would refuse what is pending, for `plan` and `check`."""
    rehearsal: Rehearsal | None = None
    """What `plan` did on a copy; None when it was not to."""
    plan_hash: str | None = None
    """What `upgrade --plan` takes, for `plan`; None when nothing is pending."""
    lint: Lint | None = None
    """The judgement of the rules, for `lint`."""
    verdict: Verdict | None = None
    """What stands against the plan, for `plan`; None where a run of it is not judged."""
    run_id: str | None = None
    backup: Backup | None = None
    restored: Restored | None = None
    """How the backup was restored after a failed run."""
    checks: tuple[NamedResult, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    runs: tuple[RunRecord, ...] | None = None
    """The runs on record, newest first, for `runs list`."""
    run: RunRecord | None = None
    """One run on record, for `runs show`."""
    standing: Standing | None = None
    """The runs and the backup of the database, for `status` and `check`."""
    repairs: tuple[RepairAction, ...] | None = None
    """The findings of `repair`."""
    path: str | None = None
    """The file that `revision` wrote."""
    lines: tuple[str, ...] | None = None
    """What a command says to a person that brings its own lines, its error among them."""
    notes: tuple[str, ...] = ()
    """What it says beside its result, a line each."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """The keys of this command alone, for `--json`."""
    error: SstError | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> int:
        """The process's exit code."""
        return self.error.exit_code if self.error else 0
