"""What matters first about a database, in a sentence, and the way on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sst.errors import PendingError
from sst.hooks.contract.checks import CheckStatus
from sst.migrator.standing.run_end import ended, reason, remedy

if TYPE_CHECKING:
    from sst.errors import SstError
    from sst.migrator.ledger.reader import RunRecord
    from sst.migrator.standing.last_runs import LastRuns
    from sst.migrator.standing.running import Running
    from sst.migrator.values.status import Status

# An upgrade with nothing to do is no run: it would not end what a failed one has left.
_NOTHING_LEFT = (
    "nothing is left to run: see that the schema is as it should be, then put that on record "
    "with `python migrate.py stamp heads`"
)


@dataclass(frozen=True, slots=True)
class Headline:
    """The one sentence for an operator who reads no other."""

    level: CheckStatus
    """`pass` when nothing is to be done, `warn` when nothing is broken, else `fail`."""
    text: str
    next_step: str


def headline(
    running: Running | None, runs: LastRuns, status: Status, error: SstError | None
) -> Headline:
    """Return what matters first: *running* is what is at work, *error* the checks' verdict.

    What is at work comes first, for it may change the rest; then what must be looked at before
    anything runs, then a run that failed, then what is pending.
    """
    if running:
        return _at_work(running)
    if error and not isinstance(error, PendingError):
        return Headline(CheckStatus.FAIL, error.what, error.next_step)
    if runs.unresolved:
        return _after_failure(runs.unresolved, runs.last, status)
    if error and not status.current:
        count = len(status.pending)
        text = f"No revision is applied; {count} {'is' if count == 1 else 'are'} pending."
        return Headline(CheckStatus.WARN, text, error.next_step)
    if error:
        return Headline(CheckStatus.WARN, error.what, error.next_step)
    return Headline(CheckStatus.PASS, "The database is up to date.", "nothing to do")


def failed_at(run: RunRecord) -> str:
    """Return in one line how *run* failed, and why."""
    why = reason(run)
    return f"{ended(run)}: {why}" if why else ended(run)


def _at_work(running: Running) -> Headline:
    what = f"`{running.command}` is at work" if running.command else "The run's lock is held"
    where = f", in revision {running.revision}" if running.revision else ""
    shown = f"; `python migrate.py runs show {running.id}` has its details" if running.run else ""
    wait = f"wait until it has ended{shown}"
    if running.waits_for or running.blocked_by:
        how = "".join(
            f" (`select pg_terminate_backend({each.pid})`)" for each in running.waits_for[:1]
        )
        again = f"let it try again, or end the session that is in its way{how}{shown}"
        return Headline(CheckStatus.FAIL, f"{what}{where}, and blocked by others.", again)
    return Headline(CheckStatus.WARN, f"{what}{where}.", wait)


def _after_failure(run: RunRecord, last: RunRecord | None, status: Status) -> Headline:
    who = "The last run" if last and last.id == run.id else f"The run {run.id}"
    if not status.pending:
        text = f"{who} {ended(run)}; no revision is pending."
        is_vain = run.command == "upgrade" and run.outcome != "unhealthy"
        return Headline(CheckStatus.WARN, text, _NOTHING_LEFT if is_vain else remedy(run))
    return Headline(CheckStatus.FAIL, f"{who} {ended(run)}; {status.pending_text}.", remedy(run))
